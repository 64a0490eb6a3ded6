_base_ = './avtss_r2plus1d_k400.py'

data_root = 'data/vggsound'
train_dataloader = dict(dataset=dict(data_root=data_root))
val_dataloader = dict(dataset=dict(data_root=data_root, query=dict(ann_file='test.json')))
test_dataloader = val_dataloader
