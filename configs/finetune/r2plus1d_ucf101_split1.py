_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/models/r2plus1d_classifier.py',
    '../_base_/datasets/finetune_16x112.py',
    '../_base_/schedules/finetune_100e.py',
]

data_root = 'data/ucf101'
model = dict(cls_head=dict(num_classes=101))
train_dataloader = dict(dataset=dict(data_root=data_root))
test_dataloader = dict(dataset=dict(data_root=data_root))
