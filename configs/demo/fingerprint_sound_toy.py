# Like fingerprint_toy.py, but audio only: for audio files, or to ignore the picture of videos.
#   python tools/test.py configs/demo/fingerprint_sound_toy.py CKPT
_base_ = '../fingerprint/spectrogram_resnet_vggsound.py'

data_root = 'data/toy'
model = dict(
    audio_backbone=dict(depth=10, base_channels=32),
    audio_neck=dict(in_channels=256, out_channels=64, num_layers=1),
)
log_mel = dict(type='MelSpectrogram', num_mels=64, num_columns=250, hop_duration=0.008)
steps = [{{_base_.decode_audio}}, log_mel, {{_base_.pack}}]
feature_pipeline = [{{_base_.open_file}}, {{_base_.query_chunks}}, *steps]
gallery_pipeline = [{{_base_.open_file}}, {{_base_.gallery_chunks}}, *steps]
test_dataloader = dict(
    num_workers=1,
    dataset=dict(
        data_root=data_root, pipeline=feature_pipeline, gallery=dict(pipeline=gallery_pipeline)
    ),
)
