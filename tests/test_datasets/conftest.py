"""A folder of real videos, with and without sound, and a pipeline that reads them."""

from __future__ import annotations

import json
import logging

import numpy as np
import pytest
import torch
from mmengine.logging import MMLogger
from mmengine.registry import init_default_scope

from avtss_mm.datasets import AudioVisualDataset
from avtss_mm.media import probe

LABELS = ('video_speed', 'audio_speed', 'video_direction', 'audio_direction', 'clip_order')


@pytest.fixture(autouse=True)
def mmaction_scope():
    """Sets the scope, as mmaction2's configs do with ``default_scope``."""
    init_default_scope('mmaction')


@pytest.fixture(scope='session')
def videos(make_video, tmp_path_factory):
    """A folder with five videos of 5 s and their ``manifest.json``."""
    folder = tmp_path_factory.mktemp('a folder')
    sounds = {'noise.mp4': 'noise', 'a tone.mp4': 'tone', 'sub dir/noise 2.mkv': 'noise'}
    sounds.update({'mute.mp4': None, 'silent.mp4': 'silence'})
    rows = []
    for label, (name, sound) in enumerate(sounds.items()):
        path = make_video(folder / name, duration=5, audio=sound, seed=label, size=(64, 96))
        rows.append({**probe(path), 'filename': name, 'label': label})
    manifest = dict(metainfo=dict(dataset_type='AudioVisualDataset'), data_list=rows)
    (folder / 'manifest.json').write_text(json.dumps(manifest))
    return folder


@pytest.fixture
def pipeline():
    """Configs from a file to packed inputs: speeds 1 and 2, 8 frames of 32 x 32, 40 x 20 mel."""
    return [
        dict(type='AVInit'),
        dict(type='SampleAVClips', clip_len=8, video_fps=8, speeds=(1, 2)),
        dict(type='AVDecode'),
        dict(
            type='PerClip',
            transforms=[
                dict(type='RandomResizedCrop'),
                dict(type='Resize', scale=(32, 32), keep_ratio=False),
                dict(type='Flip'),
                dict(type='PhotometricJitter', noise_std=8.0),
            ],
        ),
        dict(type='FormatShape', input_format='NCTHW'),
        dict(type='AudioAmplify'),
        dict(type='MelSpectrogram', num_mels=20, num_columns=40, hop_duration=0.025),
        dict(type='SpecFrequencyMask', max_width=4),
        dict(
            type='PackActionInputs',
            collect_keys=('imgs', 'audios'),
            algorithm_keys=(*LABELS, 'has_audio'),
            meta_keys=('sample_idx', 'filename'),
        ),
    ]


@pytest.fixture
def make(videos, pipeline):
    """``make(ann_file='manifest.json', **options)``: a data set of the real videos."""

    def build(ann_file='manifest.json', **options):
        options = {'data_root': str(videos), 'pipeline': pipeline, **options}
        return AudioVisualDataset(ann_file=str(ann_file), **options)

    return build


@pytest.fixture
def messages(caplog):
    """A function that returns the log of the data set."""
    logger = MMLogger.get_current_instance()
    logger.addHandler(caplog.handler)
    level = logger.level
    logger.setLevel(logging.INFO)
    caplog.set_level(logging.INFO)
    yield lambda: '\n'.join(record.getMessage() for record in caplog.records)
    logger.removeHandler(caplog.handler)
    logger.setLevel(level)


@pytest.fixture
def same():
    """Whether two packed samples are equal in all tensors, labels and metadata."""

    def equal(first, second) -> bool:
        inputs = all(
            torch.equal(first['inputs'][key], second['inputs'][key]) for key in first['inputs']
        )
        one, two = first['data_samples'], second['data_samples']
        fields = all(np.array_equal(one.get(key), two.get(key)) for key in one.keys())
        return inputs and fields and one.metainfo == two.metainfo

    return equal
