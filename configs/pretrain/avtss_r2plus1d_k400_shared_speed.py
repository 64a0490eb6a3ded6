# Ablation: audio and video of a window have the same speed and direction.
_base_ = './avtss_r2plus1d_k400.py'

train_dataloader = dict(
    dataset=dict(
        pipeline=[
            {{_base_.open_file}},
            dict(
                type='SampleAVClips',
                clip_len=16,
                video_fps=16,
                speeds={{_base_.speeds}},
                shared_speed=True,
                shared_direction=True,
            ),
            {{_base_.decode}},
            {{_base_.crop_and_flip}},
            {{_base_.colour}},
            {{_base_.amplify}},
            {{_base_.log_mel}},
            {{_base_.mask_frequencies}},
            {{_base_.to_shape}},
            {{_base_.pack}},
        ]
    )
)
