# Ablation: the waveform is read faster, so that the pitch reveals the speed.
_base_ = './avtss_r2plus1d_k400.py'

train_dataloader = dict(
    dataset=dict(
        pipeline=[
            {{_base_.open_file}},
            {{_base_.sample_windows}},
            {{_base_.decode}},
            {{_base_.crop_and_flip}},
            {{_base_.colour}},
            {{_base_.amplify}},
            dict(type='MelSpectrogram', num_mels=80, num_columns=100, speed_mode='resample'),
            {{_base_.mask_frequencies}},
            {{_base_.to_shape}},
            {{_base_.pack}},
        ]
    )
)
