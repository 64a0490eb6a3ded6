# AVTSS-FP v1 through avtss-fp: all descriptors together, the learned features alone, perceptual
# hashes alone and Chromaprint alone (pip install imagehash; fpcalc):
#   python tools/fingerprint.py distort data/vggsound/test.json -o data/vggsound/fingerprint
#   python tools/test.py configs/fingerprint/copies_and_hashes_vggsound.py shipped
_base_ = './copies_vggsound.py'

chromaprint, perceptual_hash = dict(type='Chromaprint'), dict(type='PerceptualHash')
steps = [
    chromaprint,
    {{_base_.decode}},
    {{_base_.whole_picture}},
    {{_base_.log_mel}},
    {{_base_.to_shape}},
    perceptual_hash,
    {{_base_.pack}},
]
feature_pipeline = [{{_base_.open_file}}, {{_base_.query_chunks}}, *steps]
gallery_pipeline = [{{_base_.open_file}}, {{_base_.gallery_chunks}}, *steps]
test_dataloader = dict(
    dataset=dict(pipeline=feature_pipeline, gallery=dict(pipeline=gallery_pipeline))
)
test_evaluator = dict(through_tool=True, out_dir='work_dirs/fingerprint/copies_and_hashes')
