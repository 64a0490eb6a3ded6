# A stock config of mmaction2 with our video encoder as its backbone.
#   python tools/export_backbone.py CKPT --to mmaction -o work_dirs/export/video.pth
#   python tools/train.py configs/mixed/stock_r2plus1d.py
_base_ = 'mmaction::recognition/r2plus1d/r2plus1d_r34_8xb8-8x8x1-180e_kinetics400-rgb.py'

custom_imports = dict(imports=['avtss_mm'], allow_failed_imports=False)
model = dict(
    backbone=dict(
        _delete_=True,
        type='R2Plus1D',
        init_cfg=dict(
            type='Pretrained', checkpoint='work_dirs/export/video.pth', prefix='backbone.'
        ),
    )
)
