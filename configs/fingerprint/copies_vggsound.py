# AVTSS-FP v1 with small encoders that are trained for copies (copies_free_media.py). `shipped` are
# those that come with the package:
#   python tools/fingerprint.py distort data/vggsound/test.json -o data/vggsound/fingerprint
#   python tools/test.py configs/fingerprint/copies_vggsound.py shipped
_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/models/copies_frames.py',
    '../_base_/datasets/fingerprint_av.py',
]

model = dict(test_cfg=dict(per_clip=True))

whole_picture = dict(type='Resize', scale=(80, 80), keep_ratio=False)
log_mel = dict(type='MelSpectrogram', num_mels=64, num_columns=100, hop_duration=0.02)
steps = [{{_base_.decode}}, whole_picture, log_mel, {{_base_.to_shape}}, {{_base_.pack}}]
query_chunks = dict(type='SlidingAVClips', stride=0.5, clip_len=8, video_fps=4)
gallery_chunks = dict(type='SlidingAVClips', stride=1.0, clip_len=8, video_fps=4)
feature_pipeline = [{{_base_.open_file}}, query_chunks, *steps]
gallery_pipeline = [{{_base_.open_file}}, gallery_chunks, *steps]
test_dataloader = dict(
    num_workers=1,
    dataset=dict(pipeline=feature_pipeline, gallery=dict(pipeline=gallery_pipeline)),
)
test_evaluator = dict(out_dir='work_dirs/fingerprint/copies')
