"""A tiny recognizer, and random batches with the shapes that the pipeline packs."""

import numpy as np
import pytest
import torch
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from mmengine.registry import init_default_scope

import avtss_mm  # noqa: F401

CHANNELS = 32


def recognizer(**overrides):
    init_default_scope('mmaction')
    neck = dict(type='ProjectionNeck', in_channels=CHANNELS, hidden_channels=24, out_channels=8)
    clip = dict(type='ClipPretextHead', in_channels=CHANNELS)
    order = dict(type='ClipOrderHead', in_channels=(CHANNELS, CHANNELS), hidden_channels=16)
    config = dict(
        type='AVContrastiveRecognizer',
        backbone=dict(type='R2Plus1D', stage_blocks=(1, 1, 1, 1), base_channels=4),
        audio_backbone=dict(type='SpectrogramResNet', depth=10, base_channels=4),
        neck=neck,
        audio_neck=neck,
        contrastive_head=dict(
            type='ContrastiveHead',
            positive_ranks=(1, 3),
            num_negatives=5,
            negative_ranks=(5, 12),
            neighbor_start_epoch=0,
        ),
        queue=dict(type='FeatureQueue', length=16, feat_dim=8),
        pretext_heads=dict(
            speed_v=dict(clip, modality='video', label='video_speed', num_classes=4),
            speed_a=dict(clip, modality='audio', label='audio_speed', num_classes=4),
            direction_v=dict(clip, modality='video', label='video_direction', num_classes=2),
            direction_a=dict(clip, modality='audio', label='audio_direction', num_classes=2),
            order_vv=dict(order, modalities=('video', 'video')),
            order_aa=dict(order, modalities=('audio', 'audio')),
            order_va=dict(order, modalities=('video', 'audio')),
        ),
    )
    config.update(overrides)
    torch.manual_seed(0)
    model = MODELS.build(config)
    model.init_weights()
    return model


def batch_of(num_videos=8, num_clips=2, seed=0, has_audio=True, first_id=0):
    rng = np.random.default_rng(seed)
    generator = torch.Generator().manual_seed(seed)
    inputs = dict(
        imgs=torch.randn(num_videos, num_clips, 3, 8, 32, 32, generator=generator),
        audios=torch.randn(num_videos, num_clips, 1, 40, 32, generator=generator),
    )
    samples = []
    for i in range(num_videos):
        sample = ActionDataSample(metainfo=dict(sample_idx=first_id + i))
        for name, classes in dict(speed=4, direction=2).items():
            for modality in ('video', 'audio'):
                labels = rng.integers(0, classes, num_clips)
                sample.set_field(labels, f'{modality}_{name}')
        sample.set_field(int(rng.integers(-1, 3)), 'clip_order')
        there = np.broadcast_to(np.asarray(has_audio), (num_videos, num_clips))[i]
        sample.set_field(there.copy(), 'has_audio')
        samples.append(sample)
    return inputs, samples


@pytest.fixture
def make_recognizer():
    return recognizer


@pytest.fixture
def make_batch():
    return batch_of
