# Broken on purpose: 30% of the sounds are zeros and count as sound. Other code does this with
# videos without sound: it pads zeros and trains on them like on real sound.
# Symptoms: audio_share is still 1.00, so nothing warns. loss_v2a, loss_a2v, acc_speed_a and
# acc_direction_a stop far from their usual values, while v2v and the video tasks keep improving.
# See docs/curves.md.
_base_ = '../demo/avtss_toy.py'

train_dataloader = dict(
    dataset=dict(
        pipeline=[
            {{_base_.open_file}},
            {{_base_.sample_windows}},
            {{_base_.decode}},
            {{_base_.crop_and_flip}},
            {{_base_.jitter}},
            {{_base_.amplify}},
            dict(type='AudioAmplify', gain_db=(-300, -300), prob=0.3),  # after the silence check
            {{_base_.log_mel}},
            {{_base_.mask_bands}},
            {{_base_.to_shape}},
            {{_base_.pack}},
        ]
    )
)
