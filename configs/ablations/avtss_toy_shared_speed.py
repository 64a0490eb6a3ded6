# Ablation: audio and video of a window have the same speed and direction.
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
            {{_base_.jitter}},
            {{_base_.amplify}},
            {{_base_.log_mel}},
            {{_base_.mask_bands}},
            {{_base_.to_shape}},
            {{_base_.pack}},
        ]
    )
)
