# The baseline without learning: perceptual hashes of 8 frames per chunk (pip install imagehash),
# and Chromaprint if fpcalc is installed:
#   python tools/test.py configs/fingerprint/phash_vggsound.py random
_base_ = './r2plus1d_vggsound.py'

model = dict(
    _delete_=True,
    type='HashEncoder',
    data_preprocessor=dict(
        type='MultiModalDataPreprocessor',
        preprocessors=dict(imgs=dict(type='ActionDataPreprocessor', format_shape='NCTHW')),
    ),
)
whole_picture = dict(type='Resize', scale=(64, 64), keep_ratio=False)
pack = dict(type='PackActionInputs', collect_keys=('imgs',), meta_keys={{_base_.pack.meta_keys}})
steps = [{{_base_.decode_video}}, whole_picture, {{_base_.to_shape}}, pack]
query_chunks = dict(type='SlidingAVClips', stride=0.5, clip_len=8, video_fps=4)
gallery_chunks = dict(type='SlidingAVClips', stride=1.0, clip_len=8, video_fps=4)
feature_pipeline = [{{_base_.open_file}}, query_chunks, *steps]
gallery_pipeline = [{{_base_.open_file}}, gallery_chunks, *steps]
test_dataloader = dict(
    dataset=dict(pipeline=feature_pipeline, gallery=dict(pipeline=gallery_pipeline))
)
test_evaluator = dict(whiten=False, out_dir='work_dirs/fingerprint/phash')
