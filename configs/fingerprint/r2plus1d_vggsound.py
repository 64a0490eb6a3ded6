# AVTSS-FP v1, our suite of distortions: copies of VGG-Sound's test clips are searched among them.
#   python tools/fingerprint.py distort data/vggsound/test.json -o data/vggsound/fingerprint
#   python tools/test.py configs/fingerprint/r2plus1d_vggsound.py CKPT
# `random` in the place of CKPT is the baseline; phash_vggsound.py another one. To see them in one
# table, name their table.json:
#   --cfg-options test_evaluator.others.phash=work_dirs/fingerprint/phash/table.json
_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/models/av_encoder.py',
    '../_base_/datasets/fingerprint_av.py',
]

model = dict(test_cfg=dict(per_clip=True))
