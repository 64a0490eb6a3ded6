# What 20 epochs compare before they are done: peers, the method without one of its parts, and what
# may teach the speed of the video beside the contrastive terms, after three times as many epochs.
#   python tools/study.py configs/study/toy_converged.py
_base_ = './toy_peers.py'

budget = dict(epochs=60)
_demo, _head = '../demo/avtss_toy.py', 'model.contrastive_head'
_no_temporal = {'model.pretext_heads': None}
_no_neighbors = {f'{_head}.num_positives': 0, f'{_head}.num_negatives': 0}
_no_v2v = {f'{_head}.loss_weight.v2v': 0.0}
_video_tasks = {
    f'model.pretext_heads.{task}.loss_weight': 1.0 for task in ('speed_v', 'direction_v')
}
variants = dict(
    _delete_=True,
    avtss=_demo,
    no_temporal=dict(config=_demo, options=_no_temporal),
    no_neighbors=dict(config=_demo, options=_no_neighbors),
    v2a_a2v=dict(config=_demo, options={**_no_temporal, **_no_neighbors, **_no_v2v}),
    avid_cma='../peers/avid_cma_toy.py',
    simclr='../peers/simclr_toy.py',
    temporal='../peers/temporal_toy.py',
    supervised='../peers/supervised_toy.py',
    # the speed of the video
    three_layers=dict(config=_demo, options={'model.neck.num_layers': 3}),
    video_tasks_1=dict(config=_demo, options=_video_tasks),
    three_layers_video_tasks_1=dict(
        config=_demo, options={**_video_tasks, 'model.neck.num_layers': 3}
    ),
    v2v_half=dict(config=_demo, options={f'{_head}.loss_weight.v2v': 0.5}),
)
