"""The protocol printed with a figure describes what the pipeline does."""

from pathlib import Path

import pytest

import avtss_mm  # noqa: F401
from avtss_mm.evaluation.protocol import describe_protocol, protocol_text
from avtss_mm.utils.config import read_config

CONFIGS = Path(__file__).parents[2] / 'configs'


@pytest.mark.parametrize(
    'config, text',
    [
        (
            'finetune/r2plus1d_ucf101_split2',
            '16 frames at 16 fps, 112 x 112, 10 clips x 3 crops',
        ),
        (
            'finetune/r2plus1d_hmdb51_split3_32x224',
            '32 frames at 16 fps, 224 x 224, 10 clips x 3 crops',
        ),
        ('linear/r2plus1d_ucf101_split1', '16 frames at 16 fps, 112 x 112, 10 clips x 1 crop'),
        (
            'linear/spectrogram_resnet_esc50_fold5',
            '80 mel bins of 16000 Hz sound, 1 s, 10 clips',
        ),
        (
            'demo/avtss_toy',
            '8 frames at 12.5 fps, 48 x 48, 64 mel bins of 16000 Hz sound, 4 clips',
        ),
        (
            'fingerprint/r2plus1d_vggsound',
            '32 frames at 16 fps, 112 x 112, 80 mel bins of 16000 Hz sound, a clip every 0.5 s',
        ),
        ('mixed/stock_r2plus1d', '8 frames every 8., 256 x 256, 10 clips x 3 crops'),
    ],
)
def test_of_our_configs(config, text):
    cfg = read_config(str(CONFIGS / f'{config}.py'))
    assert protocol_text(describe_protocol(cfg.test_dataloader.dataset.pipeline)) == text


@pytest.mark.parametrize(
    'step, facts',
    [
        (dict(type='UniformSampleAVClips'), dict(frames=16, clips=10, fps=16, clip_seconds=1)),
        (
            dict(type='UniformSampleAVClips', num_clips=1, clip_duration=2.5),
            dict(frames=16, clips=1, fps=16, clip_seconds=2.5),
        ),
        (dict(type='RandomSampleAVClips'), dict(frames=16, clips=1, fps=16, clip_seconds=1)),
        (dict(type='SlidingAVClips'), dict(frames=16, clip_stride=1, fps=16, clip_seconds=1)),
        (dict(type='SampleAVClips'), dict(frames=16, clips=2, fps=16, clip_seconds=1)),
        (dict(type='Resize', scale=0.5, keep_ratio=False), {}),
        (dict(type='UniformSample', clip_len=4, num_clips=3), dict(frames=4, clips=3)),
        (dict(type='SampleFrames', clip_len=4), dict(frames=4, clips=1, frame_interval=1)),
    ],
)
def test_defaults_are_those_of_the_transforms(step, facts):
    assert describe_protocol([step]) == facts
