_base_ = './r2plus1d_hmdb51_split1_32x224.py'

train_dataloader = dict(dataset=dict(ann_file='train_split2.json'))
test_dataloader = dict(dataset=dict(ann_file='test_split2.json'))
