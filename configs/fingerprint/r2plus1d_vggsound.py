# AVTSS-FP v1, our suite of distortions: distorted copies of VGG-Sound's test clips are the queries,
# the originals are the gallery.
#   python tools/fingerprint.py distort data/vggsound/test.json -o data/vggsound/fingerprint
#   python tools/test.py configs/fingerprint/r2plus1d_vggsound.py CKPT
# Baselines: `random` instead of CKPT, and phash_vggsound.py. To show them in the same table, give
# the path of their table.json:
#   --cfg-options test_evaluator.others.phash=work_dirs/fingerprint/phash/table.json
_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/models/av_encoder.py',
    '../_base_/datasets/fingerprint_av.py',
]

model = dict(test_cfg=dict(per_clip=True))
