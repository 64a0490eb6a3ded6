# Accuracy of the trained pretext heads on the test videos of the toy world:
#   python tools/test.py configs/demo/avtss_toy_pretext.py CKPT
_base_ = './avtss_toy.py'

model = dict(test_cfg=dict(pretext=True))
test_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='AudioVisualDataset',
        data_root='data/toy',
        ann_file='test.json',
        test_mode=True,
        pipeline=[
            {{_base_.open_file}},
            {{_base_.sample_windows}},
            {{_base_.decode}},
            dict(type='Resize', scale=(48, 48), keep_ratio=False),
            {{_base_.log_mel}},
            {{_base_.to_shape}},
            {{_base_.pack}},
        ],
    ),
)
test_evaluator = dict(_delete_=True, type='PretextAccuracy')
