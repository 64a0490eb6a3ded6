_base_ = './spectrogram_resnet_esc50_fold1.py'

test_dataloader = dict(
    dataset=dict(gallery=dict(ann_file='train_fold4.json'), query=dict(ann_file='test_fold4.json'))
)
