# What 20 epochs compare before they are done: peers, the method without one of its parts, and what
# may teach the speed of the video beside the contrastive terms, after three times as many epochs.
#   python tools/study.py configs/study/toy_converged.py
# All train in bfloat16: a step takes about 0.6 of the time on processors that compute with it.
_base_ = './toy_peers.py'

budget = dict(epochs=60)
options = {'optim_wrapper.type': 'BFloat16OptimWrapper'}
_demo, _three_layers = '../demo/avtss_toy.py', '../ablations/avtss_toy_projections_3_layers.py'
_no_v2v = {'model.contrastive_head.loss_weight.v2v': 0.0}


def _video_tasks(weight):
    tasks = ('speed_v', 'direction_v')
    return {f'model.pretext_heads.{task}.loss_weight': weight for task in tasks}


variants = dict(
    _delete_=True,
    avtss=_demo,
    no_temporal='../ablations/avtss_toy_no_temporal.py',
    no_neighbors='../ablations/avtss_toy_no_neighbors.py',
    v2a_a2v='../ablations/avtss_toy_v2a_only.py',
    avid_cma='../peers/avid_cma_toy.py',
    simclr='../peers/simclr_toy.py',
    temporal='../peers/temporal_toy.py',
    supervised='../peers/supervised_toy.py',
    # the speed of the video
    three_layers=_three_layers,
    video_tasks_half=dict(config=_demo, options=_video_tasks(0.5)),
    video_tasks_1=dict(config=_demo, options=_video_tasks(1.0)),
    three_layers_video_tasks_1=dict(config=_three_layers, options=_video_tasks(1.0)),
    no_v2v_video_tasks_1=dict(config=_demo, options={**_no_v2v, **_video_tasks(1.0)}),
)
