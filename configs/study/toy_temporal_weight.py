# The weight of the temporal tasks, and whether audio and video share speed and direction: chosen on
# a separate world, whose videos are in no other study with reported results.
#   python tools/study.py configs/study/toy_temporal_weight.py
# With the old demo: projections of three layers, one colour per clip. toy_candidates.py repeats the
# question with the present demo.
_base_ = '../_base_/studies/toy.py'

_tasks = ('speed_v', 'speed_a', 'direction_v', 'direction_a', 'order_vv', 'order_aa', 'order_va')
_orders = _tasks[4:]
_apart, _shared = '../demo/avtss_toy.py', '../ablations/avtss_toy_shared_speed.py'
data = dict(root='data/toy_choice', toy=dict(num_videos=400, num_test=400, seed=7))
seeds = (0,)
_colour = 'train_dataloader.dataset.pipeline.PhotometricJitter.per_frame'
_necks = ('model.neck', 'model.audio_neck')
options = {
    _colour: False,
    **{f'{neck}.num_layers': 3 for neck in _necks},
    **{f'{neck}.hidden_channels': 256 for neck in _necks},
}
variants = {
    f'{name}_{weight:g}'.replace('.', '_'): dict(
        config=config,
        options={f'model.pretext_heads.{task}.loss_weight': weight for task in _tasks}
        if weight
        else {'model.pretext_heads': None},
    )
    for name, config in dict(apart=_apart, shared=_shared).items()
    for weight in (0, 0.25, 0.5, 1)
}
variants['apart_order_0_25'] = dict(  # as apart_0_5, but the order tasks weigh half of the others
    config=_apart,
    options={
        f'model.pretext_heads.{task}.loss_weight': 0.25 if task in _orders else 0.5
        for task in _tasks
    },
)
measures = ('knn', 'linear', 'retrieval', 'temporal', 'synchrony')
reach = None
