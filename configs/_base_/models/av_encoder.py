# Both encoders and their projections: all that evaluation needs from a pre-training checkpoint.
model = dict(
    type='AVEncoder',
    data_preprocessor=dict(
        type='MultiModalDataPreprocessor',
        preprocessors=dict(
            imgs=dict(
                type='ActionDataPreprocessor',
                mean=[110.2, 100.6, 96.0],
                std=[58.1, 56.5, 55.3],
                format_shape='NCTHW',
            ),
            audios=dict(  # log-mel in dB
                type='ActionDataPreprocessor', mean=[-40.0], std=[20.0], format_shape='NCHW'
            ),
        ),
    ),
    backbone=dict(type='R2Plus1D'),
    audio_backbone=dict(type='SpectrogramResNet', depth=18),
    neck=dict(type='ProjectionNeck', in_channels=512, hidden_channels=1024, out_channels=128),
    audio_neck=dict(type='ProjectionNeck', in_channels=512, hidden_channels=1024, out_channels=128),
)
