# A stock config of mmaction2 that starts from our audio encoder; two settings are changed.
#   python tools/export_backbone.py CKPT --to mmaction --encoder audio -o work_dirs/export/audio.pth
#   python tools/train.py configs/mixed/stock_tsn_r18_audio.py
_base_ = (
    'mmaction::recognition_audio/resnet/tsn_r18_8xb320-64x1x1-100e_kinetics400-audio-feature.py'
)

custom_imports = dict(imports=['avtss_mm'], allow_failed_imports=False)
model = dict(
    backbone=dict(
        init_cfg=dict(
            type='Pretrained', checkpoint='work_dirs/export/audio.pth', prefix='backbone.'
        )
    )
)
