# How much the temporal tasks weigh, chosen on a world of its own: its videos are in no other study.
#   python tools/study.py configs/study/toy_temporal_weight.py
_base_ = '../_base_/studies/toy.py'

_unary = ('speed_v', 'speed_a', 'direction_v', 'direction_a')
_order = ('order_vv', 'order_aa', 'order_va')
_at_1 = '../ablations/avtss_toy_temporal_weight_1.py'
data = dict(root='data/toy_choice', toy=dict(num_videos=400, num_test=400, seed=7))
seeds = (0,)
variants = dict(
    weight_0='../ablations/avtss_toy_no_temporal.py',
    weight_0_25='../demo/avtss_toy.py',
    weight_0_5=dict(
        config='../demo/avtss_toy.py',
        options={f'model.pretext_heads.{name}.loss_weight': 0.5 for name in _unary + _order},
    ),
    weight_1=_at_1,
    # Which of them it is that costs the class.
    speed_and_direction_1=dict(
        config=_at_1, options={f'model.pretext_heads.{name}': None for name in _order}
    ),
    order_1=dict(config=_at_1, options={f'model.pretext_heads.{name}': None for name in _unary}),
    # Speed and direction that picture and sound share could tell which sound belongs to a picture.
    independent_0_25='../ablations/avtss_toy_independent_speed.py',
    independent_1=dict(
        config='../ablations/avtss_toy_independent_speed.py',
        options={f'model.pretext_heads.{name}.loss_weight': 1.0 for name in _unary + _order},
    ),
    independent_0=dict(
        config='../ablations/avtss_toy_independent_speed.py',
        options={'model.pretext_heads': None},
    ),
)
measures = ('knn', 'linear', 'retrieval', 'temporal', 'synchrony')
reach = None
