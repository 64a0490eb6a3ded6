# mmaction2's recognizer and head on our video network. load_from=CKPT loads pre-trained weights:
# their names match (`backbone.*`), and the log says how many tensors were loaded.
model = dict(
    type='Recognizer3D',
    data_preprocessor=dict(
        type='ActionDataPreprocessor',
        mean=[110.2, 100.6, 96.0],
        std=[58.1, 56.5, 55.3],
        format_shape='NCTHW',
    ),
    backbone=dict(type='R2Plus1D'),
    cls_head=dict(
        type='I3DHead', num_classes=101, in_channels=512, dropout_ratio=0.5, average_clips='prob'
    ),
    test_cfg=dict(max_testing_views=10),  # number of clips per forward pass
)
