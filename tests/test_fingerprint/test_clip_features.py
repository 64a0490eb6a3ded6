"""Features of each clip equal those of the encoder and carry the times of the sampler."""

import numpy as np
import pytest
import torch
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample

from avtss_mm.models.recognizers import av_encoder


def make_encoder():
    torch.manual_seed(0)
    small = dict(base_channels=4)
    config = dict(
        type='AVEncoder',
        backbone=dict(type='R2Plus1D', stage_blocks=(1, 1, 1, 1), **small),
        audio_backbone=dict(type='SpectrogramResNet', depth=10, **small),
        test_cfg=dict(per_clip=True),
    )
    return MODELS.build(config).eval()


def make_sample(**fields):
    sample = ActionDataSample(metainfo=fields)
    sample.set_field(np.array([True, False, True, True, True]), 'has_audio')
    return sample


@torch.inference_mode()
def test_each_clip_keeps_its_features(monkeypatch):
    monkeypatch.setattr(av_encoder, 'CLIPS_AT_ONCE', 2)  # 5 clips: the last part is shorter
    encoder = make_encoder()
    inputs = dict(imgs=torch.randn(1, 5, 3, 4, 32, 32), audios=torch.randn(1, 5, 1, 40, 40))
    windows = [(0.5 * i, 0.5 * i + 2) for i in range(5)]
    (sample,) = encoder(inputs, [make_sample(audio_windows=windows)], mode='predict')
    expected = encoder.extract_feat(inputs)
    for name in ('video', 'audio'):
        assert torch.allclose(sample.get(f'{name}_feat'), expected[name][0], atol=1e-5)
    assert np.array_equal(sample.clip_times, windows)
    assert sample.has_audio.tolist() == [True, False, True, True, True]
    with pytest.raises(ValueError, match="'audio_windows' in the meta_keys"):
        encoder(inputs, [make_sample()], mode='predict')
