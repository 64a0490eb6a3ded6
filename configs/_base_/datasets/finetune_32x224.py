# 32 frames at 16 fps (2 s), 224 x 224; test on 10 clips x 3 crops.
_base_ = './finetune_16x112.py'

train_dataloader = dict(
    dataset=dict(
        pipeline=[
            {{_base_.open_file}},
            dict(type='RandomSampleAVClips', clip_len=32, video_fps=16),
            {{_base_.decode_video}},
            dict(type='RandomResizedCrop', area_range=(0.3, 1.0)),
            dict(type='Resize', scale=(224, 224), keep_ratio=False),
            {{_base_.flip}},
            {{_base_.colour}},
            {{_base_.to_shape}},
            {{_base_.pack}},
        ]
    )
)
test_dataloader = dict(
    dataset=dict(
        pipeline=[
            {{_base_.open_file}},
            dict(type='UniformSampleAVClips', num_clips=10, clip_len=32, video_fps=16),
            {{_base_.decode_video}},
            dict(type='Resize', scale=(-1, 224)),
            dict(type='ThreeCrop', crop_size=224),
            {{_base_.to_shape}},
            {{_base_.pack}},
        ]
    )
)
