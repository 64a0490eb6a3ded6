_base_ = './avtss_r2plus1d_k400.py'

data_root = 'data/audioset'
train_dataloader = dict(dataset=dict(data_root=data_root))
val_dataloader = dict(
    dataset=dict(
        data_root=data_root,
        gallery=dict(ann_file='balanced_train.json'),
        query=dict(ann_file='eval.json'),
    )
)
test_dataloader = val_dataloader
