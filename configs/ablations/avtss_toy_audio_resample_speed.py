# Ablation: the waveform is read faster: the pitch tells the speed.
_base_ = '../demo/avtss_toy.py'

train_dataloader = dict(
    dataset=dict(
        pipeline=[
            {{_base_.open_file}},
            {{_base_.sample_windows}},
            {{_base_.decode}},
            {{_base_.crop_and_flip}},
            dict(
                type='PerClip',
                transforms=[dict(type='PhotometricJitter', gray_prob=0.3, per_frame=True)],
            ),
            {{_base_.amplify}},
            dict(
                type='MelSpectrogram',
                num_mels=64,
                num_columns=80,
                hop_duration=0.008,
                speed_mode='resample',
            ),
            dict(type='SpecFrequencyMask', max_width=12),
            {{_base_.to_shape}},
            {{_base_.pack}},
        ]
    )
)
