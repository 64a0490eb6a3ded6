_base_ = './r2plus1d_ucf101_split1.py'

train_dataloader = dict(dataset=dict(ann_file='train_split3.json'))
test_dataloader = dict(dataset=dict(ann_file='test_split3.json'))
