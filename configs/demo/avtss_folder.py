# The whole method in CPU size on any folder of videos:
#   python tools/data/build_manifest.py DIR
#   python tools/train.py configs/demo/avtss_folder.py --cfg-options data_root=DIR
# There are no labels, hence no k-NN monitor.
_base_ = './avtss_toy.py'

data_root = 'data/videos'
train_dataloader = dict(
    batch_size=16,
    dataset=dict(
        data_root=data_root,
        ann_file='manifest.json',
        pipeline=[
            {{_base_.open_file}},
            {{_base_.sample_windows}},
            {{_base_.decode}},
            {{_base_.crop_and_flip}},
            {{_base_.colour}},
            {{_base_.amplify}},
            {{_base_.log_mel}},
            {{_base_.mask_bands}},
            {{_base_.to_shape}},
            {{_base_.pack}},
        ],
    ),
)
val_cfg = None
val_dataloader = None
val_evaluator = None
test_cfg = None
test_dataloader = None
test_evaluator = None
