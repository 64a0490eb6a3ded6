"""Cached features give the same figures without a network, and are never mixed up."""

import numpy as np
import pytest
import torch

from avtss_mm.evaluation.feature_cache import FeatureRecorder, read_features


def record(path, files, identity='a', seed=0):
    recorder = FeatureRecorder(str(path), identity)
    rng = np.random.default_rng(seed)
    for name in files:
        row = dict(filename=name, video_feat=torch.from_numpy(rng.normal(size=5)))
        if 'silent' not in name:
            row['audio_feat'] = torch.from_numpy(rng.normal(size=3))
        recorder.process({}, [row])
    assert recorder.evaluate(len(files)) == {}
    return {name: features for name, features in recorder.results}


def test_round_trip_adds_to_what_is_there(tmp_path):
    path = tmp_path / 'folder' / 'features.npz'
    record(path, ['a b,#.mp4', 'silent.mp4'])
    record(path, ['späť.mp4'], seed=1)
    features = read_features(path, 'a')
    assert list(features) == ['a b,#.mp4', 'silent.mp4', 'späť.mp4']
    assert set(features['silent.mp4']) == {'video_feat'}
    expected = np.random.default_rng(1).normal(size=5).astype(np.float16)
    assert (features['späť.mp4']['video_feat'] == expected).all()
    assert list(path.parent.iterdir()) == [path]


def test_other_weights_are_refused(tmp_path):
    record(tmp_path / 'f.npz', ['a.mp4'])
    with pytest.raises(ValueError, match='other weights'):
        read_features(tmp_path / 'f.npz', 'b')


def test_a_file_of_something_else_is_refused(tmp_path):
    path = tmp_path / 'f.npz'
    path.write_bytes(b'no features')
    with pytest.raises(ValueError, match='name another'):
        read_features(path, 'a')
    np.savez(path, filename=np.array([{'a': 1}], dtype=object), identity='a')  # a pickle inside
    with pytest.raises(ValueError, match='name another'):
        read_features(path, 'a')
