# The whole method: R(2+1)D-18 on 16 x 112 x 112, ResNet-18 on 100 x 80 log-mel, all losses.
_base_ = './av_encoder.py'

model = dict(
    type='AVContrastiveRecognizer',
    contrastive_head=dict(
        type='ContrastiveHead',
        temperature=0.1,
        num_positives=1,
        positive_ranks=(1, 5),
        num_negatives=1024,
        negative_ranks=(128, 4096),
        neighbor_start_epoch=5,
        loss_weight=dict(v2v=1.0, v2a=0.5, a2v=0.5, a2a=0.0),
    ),
    # docs/choices.md says why these have smaller weights than the contrastive terms.
    pretext_heads=dict(
        speed_v=dict(
            type='ClipPretextHead',
            modality='video',
            label='video_speed',
            num_classes=4,
            loss_weight=0.25,
        ),
        speed_a=dict(
            type='ClipPretextHead',
            modality='audio',
            label='audio_speed',
            num_classes=4,
            loss_weight=0.25,
        ),
        direction_v=dict(
            type='ClipPretextHead',
            modality='video',
            label='video_direction',
            num_classes=2,
            loss_weight=0.25,
        ),
        direction_a=dict(
            type='ClipPretextHead',
            modality='audio',
            label='audio_direction',
            num_classes=2,
            loss_weight=0.25,
        ),
        order_vv=dict(type='ClipOrderHead', modalities=('video', 'video'), loss_weight=0.25),
        order_aa=dict(type='ClipOrderHead', modalities=('audio', 'audio'), loss_weight=0.25),
        order_va=dict(type='ClipOrderHead', modalities=('video', 'audio'), loss_weight=0.25),
    ),
    queue=dict(type='FeatureQueue', length=65536, feat_dim=128),
)
