"""Perceptual hashes and Chromaprint of real small files."""

import shutil

import numpy as np
import pytest
import torch
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample

from avtss_mm.fingerprint.benchmark.baselines import chromaprint
from avtss_mm.media import open_media

pytest.importorskip('imagehash')
WINDOWS = np.array([[0.0, 2.0], [1.0, 3.0]])


def features(path):
    with open_media(path) as reader:
        times = WINDOWS[:, :1] + np.arange(4) / 2
        frames = reader.read(list(times)).frames
    clips = torch.from_numpy(np.array(frames))  # M, T, H, W, 3
    sample = ActionDataSample(metainfo=dict(filename=str(path), audio_windows=WINDOWS.tolist()))
    model = MODELS.build(dict(type='HashEncoder'))
    (sample,) = model(dict(imgs=clips.permute(0, 4, 1, 2, 3)[None].float()), [sample], 'predict')
    return sample


def test_bits_stay_alike_through_a_codec(make_video, tmp_path):
    first = features(make_video(tmp_path / 'a.mp4', seed=1))
    again = features(make_video(tmp_path / 'b.mp4', seed=1, crf=40))
    other = features(make_video(tmp_path / 'c.mp4', seed=2))
    assert first.video_feat.shape == (2, 4 * 64)
    assert set(first.video_feat.unique().tolist()) == {-1.0, 1.0}
    assert np.array_equal(first.clip_times, WINDOWS)
    same = (first.video_feat * again.video_feat).mean()
    different = (first.video_feat * other.video_feat).mean()
    assert same > 0.85 > 0.5 > different


def test_is_for_tests_only():
    with pytest.raises(NotImplementedError):
        MODELS.build(dict(type='HashEncoder'))({}, mode='loss')


@pytest.mark.skipif(shutil.which('fpcalc') is None, reason='fpcalc is not installed')
def test_chromaprint_of_shifted_sound(make_video, tmp_path):
    path = str(make_video(tmp_path / 'a.mkv', duration=8, audio='noise'))
    bits = chromaprint(path, np.array([[0.0, 2.0], [1.0, 3.0], [40.0, 42.0]]))
    assert bits.shape == (3, 16 * 32)
    assert set(np.unique(bits[:2])) == {-1, 1} and not bits[2].any()
    assert np.array_equal(bits[0, 8 * 32 :], bits[1, : 8 * 32])  # a second is 8 numbers
    silent = str(make_video(tmp_path / 'b.mp4', audio=None))
    assert chromaprint(silent, WINDOWS) is None


def test_without_chromaprint(monkeypatch):
    monkeypatch.setenv('PATH', '')
    assert chromaprint('x.mp4', WINDOWS) is None
