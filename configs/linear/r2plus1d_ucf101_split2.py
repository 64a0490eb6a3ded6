_base_ = './r2plus1d_ucf101_split1.py'

test_dataloader = dict(
    dataset=dict(
        gallery=dict(ann_file='train_split2.json'), query=dict(ann_file='test_split2.json')
    )
)
