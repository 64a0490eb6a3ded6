# Trains features by which copies are found, as in image copy detection (SSCD): a clip and its
# distorted copy are a pair. The clips are generated from freely licensed pictures and sounds:
#   python tools/data/prepare_free_media.py data/free_media
#   python tools/train.py configs/fingerprint/copies_free_media.py
# For videos of yours, replace film by {{_base_.decode}} after {{_base_.open_file}}.
_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/models/copies_frames.py',
    '../_base_/datasets/av_steps.py',
]

data_root = 'data/free_media'
size = 80

# Negatives come from the batch alone. With a queue, all features fled from its older ones together:
# within ten steps, feat_std_v fell from 0.95 to 0.61.
model = dict(
    type='AVContrastiveRecognizer',
    contrastive_head=dict(
        type='SpreadContrastiveHead',
        temperature=0.07,
        num_positives=0,
        num_negatives=0,
        loss_weight=dict(v2v=1.0, v2a=0.0, a2v=0.0, a2a=1.0),
        spread_weight=1.0,
    ),
)

sprites = f'{data_root}/sprites/train'
sounds = f'{data_root}/sounds/train'
pictures = f'{data_root}/pictures/train'
film = dict(type='FilmPicture', sprites=sprites, sounds=sounds)
distort_picture = dict(
    type='PerClip',
    transforms=[
        dict(
            type='RandomApply',
            prob=0.8,
            transforms=[
                dict(
                    type='RandomFraming',
                    size=size,
                    inset_prob=0.45,
                    mirror_prob=0.4,
                    turn_prob=0.35,
                    pictures=pictures,
                ),
                dict(type='RandomOverlay', sprites=sprites, text_prob=0.35, sprite_prob=0.35),
                dict(
                    type='PhotometricJitter',
                    prob=0.6,
                    brightness=0.5,
                    contrast=0.5,
                    saturation=0.8,
                    hue=0.3,
                    noise_std=30.0,
                ),
                dict(type='RandomDegradation'),
            ],
        ),
    ],
)
resize = dict(type='Resize', scale=(size, size), keep_ratio=False)
distort_sound = dict(type='RandomSoundDistortion', sounds=sounds)
amplify = dict(type='AudioAmplify', gain_db=(-25, 15), prob=0.5)
log_mel = dict(type='MelSpectrogram', num_mels=64, num_columns=100, hop_duration=0.02)
pack = dict(
    type='PackActionInputs',
    collect_keys=('imgs', 'audios'),
    algorithm_keys=(
        'video_speed',
        'audio_speed',
        'video_direction',
        'audio_direction',
        'clip_order',
        'has_audio',
    ),
    meta_keys=('sample_idx', 'filename', 'audio_windows'),
)
train_dataloader = dict(
    batch_size=128,
    num_workers=2,
    persistent_workers=True,
    collate_fn=dict(type='stack_inputs'),
    drop_last=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='AudioVisualDataset',
        data_root=data_root,
        ann_file='train.json',
        timeout=None,  # pictures do not hang
        pipeline=[
            dict(type='SampleSameMoment', clip_len=1, video_fps=4, clip_duration=2.0),
            film,
            distort_picture,
            resize,
            distort_sound,
            amplify,
            log_mel,
            {{_base_.to_shape}},
            pack,
        ],
    ),
)
feature_pipeline = [
    {{_base_.open_file}},
    dict(type='SlidingAVClips', stride=1.0, clip_len=8, video_fps=4),
    {{_base_.decode}},
    resize,
    log_mel,
    {{_base_.to_shape}},
    pack,
]

max_epochs = 50
optim_wrapper = dict(
    type='BFloat16OptimWrapper',
    optimizer=dict(type='AdamW', lr=1e-3, betas=(0.9, 0.99), weight_decay=1e-2),
    paramwise_cfg=dict(norm_decay_mult=0.0, bias_decay_mult=0.0),
    clip_grad=dict(max_norm=5.0),
)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, end=1, convert_to_iter_based=True),
    dict(
        type='CosineAnnealingLR',
        begin=1,
        end=max_epochs,
        eta_min_ratio=1e-2,
        convert_to_iter_based=True,
    ),
]
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=max_epochs)
auto_scale_lr = dict(enable=False, base_batch_size=128)
default_hooks = dict(logger=dict(interval=10), checkpoint=dict(interval=1))
