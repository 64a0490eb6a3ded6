# Choices that the paper leaves open and that are not terms of the loss. Each is changed alone,
# starting from the old demo, on the world of toy_temporal_weight.py, on which no results are
# reported.
#   python tools/study.py configs/study/toy_small_choices.py
_base_ = './toy_temporal_weight.py'

_neck, _head = 'model.neck.num_layers', 'model.contrastive_head'
_start = f'{_head}.neighbor_start_epoch'  # of the 20 epochs of the budget
_per_frame = 'train_dataloader.dataset.pipeline.PhotometricJitter.per_frame'
_video_alone = {'model.audio_neck': None}  # which the options of all would make again
_changes = dict(
    projection_1_layer={_neck: 1, 'model.audio_neck.num_layers': 1},
    projection_2_layers={_neck: 2, 'model.audio_neck.num_layers': 2},
    temperature_0_05={f'{_head}.temperature': 0.05},
    temperature_0_2={f'{_head}.temperature': 0.2},
    nearest_positive={f'{_head}.positive_ranks': (1, 1)},
    neighbors_from_start={_start: 0},
    colour_per_frame={_per_frame: True},
)
variants = dict(
    _delete_=True,
    avtss='../demo/avtss_toy.py',
    **{k: dict(config='../demo/avtss_toy.py', options=v) for k, v in _changes.items()},
    # Neighbours replace the target: from the start, or later?
    simclr=dict(config='../peers/simclr_toy.py', options=_video_alone),
    nnclr=dict(config='../peers/nnclr_toy.py', options={**_video_alone, _start: 0}),
    nnclr_from_half=dict(config='../peers/nnclr_toy.py', options={**_video_alone, _start: 10}),
    nnclr_last_third=dict(config='../peers/nnclr_toy.py', options={**_video_alone, _start: 13}),
)
