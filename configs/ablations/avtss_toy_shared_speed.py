# Ablation: the sound has the speed and the direction of its clip.
_base_ = '../demo/avtss_toy.py'

train_dataloader = dict(
    dataset=dict(
        pipeline=[
            {{_base_.open_file}},
            dict(
                type='SampleAVClips',
                clip_len=8,
                video_fps=12.5,
                speeds={{_base_.speeds}},
                shared_speed=True,
                shared_direction=True,
            ),
            {{_base_.decode}},
            {{_base_.crop_and_flip}},
            dict(
                type='PerClip',
                transforms=[dict(type='PhotometricJitter', gray_prob=0.3, per_frame=True)],
            ),
            {{_base_.amplify}},
            {{_base_.log_mel}},
            dict(type='SpecFrequencyMask', max_width=12),
            {{_base_.to_shape}},
            {{_base_.pack}},
        ]
    )
)
