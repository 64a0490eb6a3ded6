# The two changes that help in toy_small_choices.py, alone and together, with more seeds: should
# they be the default? Which weight should the tasks have with them? Does the gain last?
#   python tools/study.py configs/study/toy_candidates.py
#   python tools/study.py configs/study/toy_candidates.py --only avtss both \
#       --out work_dirs/toy_candidates_60 --cfg-options budget.epochs=60 seeds="(0,)"
_base_ = './toy_temporal_weight.py'

_demo = '../demo/avtss_toy.py'
_one = {'model.neck.num_layers': 1, 'model.audio_neck.num_layers': 1}
_per_frame = {'train_dataloader.dataset.pipeline.PhotometricJitter.per_frame': True}
_tasks = ('speed_v', 'speed_a', 'direction_v', 'direction_a', 'order_vv', 'order_aa', 'order_va')
_half = {f'model.pretext_heads.{task}.loss_weight': 0.5 for task in _tasks}
_full = {f'model.pretext_heads.{task}.loss_weight': 1.0 for task in _tasks}
_both = {**_one, **_per_frame}
_no_v2v = {'model.contrastive_head.loss_weight.v2v': 0.0}
_half_v2v = {'model.contrastive_head.loss_weight.v2v': 0.5}
_a2a = 'model.contrastive_head.loss_weight.a2a'
_no_neighbors = {f'model.contrastive_head.num_{kind}': 0 for kind in ('positives', 'negatives')}
_no_temporal = {'model.pretext_heads': None}
seeds = (0, 1)
variants = dict(
    _delete_=True,
    no_temporal=dict(config=_demo, options=_no_temporal),
    avtss=_demo,  # the weight of the tasks is 0.25
    one_layer=dict(config=_demo, options=_one),
    colour_per_frame=dict(config=_demo, options=_per_frame),
    both=dict(config=_demo, options=_both),
    both_no_temporal=dict(config=_demo, options={**_both, **_no_temporal}),
    both_shared_speed=dict(config='../ablations/avtss_toy_shared_speed.py', options=_both),
    both_weight_0_5=dict(config=_demo, options={**_both, **_half}),
    both_weight_1=dict(config=_demo, options={**_both, **_full}),
    # Does v2v, whose weight is 1 otherwise, help with these?
    both_no_v2v=dict(config=_demo, options={**_both, **_no_v2v}),
    both_v2v_0_5=dict(config=_demo, options={**_both, **_half_v2v}),
    both_no_v2v_no_temporal=dict(config=_demo, options={**_both, **_no_v2v, **_no_temporal}),
    # Does an audio-audio term help, like v2v?
    both_a2a_0_25=dict(config=_demo, options={**_both, _a2a: 0.25}),
    both_a2a_0_5=dict(config=_demo, options={**_both, _a2a: 0.5}),
    both_a2a_1=dict(config=_demo, options={**_both, _a2a: 1.0}),
    # With it, neighbours are more often of the query's class: do they help then?
    both_a2a_1_no_neighbors=dict(config=_demo, options={**_both, _a2a: 1.0, **_no_neighbors}),
)
