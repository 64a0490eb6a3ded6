# The speed of the video beside the contrastive terms, after 60 epochs: ideas that need code,
# to be compared with avtss and video_tasks_1 of toy_converged.py.
#   PYTHONPATH=docs/studies/toy_speed python tools/study.py docs/studies/toy_speed/toy_speed.py
_base_ = '../../../configs/study/toy_converged.py'

_demo = '../../../configs/demo/avtss_toy.py'
_parts = {'custom_imports.imports': ['avtss_mm', 'toy_speed_parts']}
_video = ['speed_v', 'direction_v']
_all_weigh_1 = '../../../configs/ablations/avtss_toy_temporal_weight_1.py'
_weights_1 = {f'model.pretext_heads.{task}.loss_weight': 1.0 for task in _video}
_one_speed = {**_parts, 'train_dataloader.dataset.pipeline.1.type': 'SampleOneSpeedClips'}
_early = {
    **_parts,
    'model.type': 'EarlyStageRecognizer',
    **{f'model.pretext_heads.{task}.type': 'EarlyPretextHead' for task in _video},
    **{f'model.pretext_heads.{task}.in_channels': 64 for task in _video},
}
_monitor = dict(type='PretrainMonitorHook')


def _from_to(first, last):
    hook = dict(type='PretextWeightHook', names=_video, first=first, last=last)
    return {**_parts, 'custom_hooks': [_monitor, hook]}


variants = dict(
    _delete_=True,
    one_speed_video_tasks_1=dict(config=_demo, options={**_one_speed, **_weights_1}),
    first_high=dict(config=_demo, options=_from_to(2.0, 0.25)),
    last_high=dict(config=_demo, options=_from_to(0.25, 2.0)),
    learned_weights=dict(
        config=_all_weigh_1, options={**_parts, 'model.type': 'UncertaintyRecognizer'}
    ),
    early_heads=dict(config=_demo, options={**_early, **_weights_1}),
    early_heads_quarter=dict(config=_demo, options=_early),
)
