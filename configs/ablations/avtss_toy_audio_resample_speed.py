# Ablation: the waveform is read faster, so that the pitch reveals the speed.
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
            dict(
                type='MelSpectrogram',
                num_mels=64,
                num_columns=80,
                hop_duration=0.008,
                speed_mode='resample',
            ),
            {{_base_.mask_bands}},
            {{_base_.to_shape}},
            {{_base_.pack}},
        ]
    )
)
