"""The command, as a user runs it."""

from __future__ import annotations

import csv
import json
import os
import runpy
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from helpers.small_encoder import CHANNELS, PROJECTED, write_model
from mmengine.config import Config
from numpy.lib.format import read_array
from scipy.io import wavfile

from avtss_mm.apis import Embedder
from avtss_mm.files.feature_file import load_features
from avtss_mm.files.feature_log import FeatureLog

pytestmark = pytest.mark.slow
TOOL = Path(__file__).parents[2] / 'tools/extract_features.py'


@pytest.fixture(scope='module')
def model(tmp_path_factory):
    return write_model(tmp_path_factory.mktemp('model'))


@pytest.fixture(scope='module')
def folder(tmp_path_factory, make_video):
    """A folder with a video, one without sound, a broken one and an audio file."""
    root = tmp_path_factory.mktemp('my media')
    make_video(root / 'a.mp4', duration=2, size=(64, 96))
    make_video(root / 'sub dir/mute #1.webm', duration=1, size=(64, 96), audio=None)
    make_video(root / 'noise.avi', duration=1, size=(64, 96), audio='noise')
    (root / 'broken.mp4').write_text('nothing')
    write_wav(root / 'hiss.wav')
    return root


def write_wav(path):
    noise = np.random.default_rng(0).normal(0, 3000, 16000)
    wavfile.write(path, 16000, noise.astype(np.int16))


@pytest.fixture
def extract(model, tmp_path):
    """``extract(source, *arguments, out='out.npz')``: runs the command; returns what it wrote."""
    main = runpy.run_path(str(TOOL))['main']

    def run(source, *arguments, out='out.npz', config=model[0], checkpoint=model[1]):
        where = [config, checkpoint, source, '-o', tmp_path / out, '--device', 'cpu']
        main([str(argument) for argument in (*where, '--workers', 2, *arguments)])
        return load_features(tmp_path / out)

    return run


def assert_equal(one, two):
    assert list(one) == list(two)
    for name, values in one.items():
        if values.ndim == 2:  # how arrays lie in memory can change the last bit of a sum
            np.testing.assert_allclose(values, two[name], atol=1e-6, err_msg=name)
        else:
            assert values.tolist() == two[name].tolist(), name


def read_rejects(path):
    with open(path, newline='') as file:
        return {row['filename']: row['reason'] for row in csv.DictReader(file)}


def test_folder_with_both_modalities(extract, folder, model, tmp_path, capsys):
    columns, metadata = extract(folder)
    assert list(columns) == [
        *('filename', 'start', 'end', 'video_feat', 'video_embedding'),
        *('audio_feat', 'audio_embedding'),
    ]
    names = ['a.mp4', 'noise.avi', 'sub dir/mute #1.webm']
    assert columns['filename'].tolist() == np.repeat(names, 4).tolist()
    assert columns['video_feat'].shape == (12, CHANNELS)
    assert columns['audio_embedding'].shape == (12, PROJECTED)
    mute = columns['filename'] == names[2]
    assert (np.isnan(columns['audio_feat']).all(axis=1) == mute).all()
    assert (np.isnan(columns['audio_embedding']).all(axis=1) == mute).all()
    features = Embedder(model[1], device='cpu').embed(folder / 'a.mp4')
    for name, clips in features.items():
        np.testing.assert_allclose(columns[f'{name}_feat'][:4], clips.feat, atol=1e-6)
        np.testing.assert_allclose(columns[f'{name}_embedding'][:4], clips.embedding, atol=1e-6)
        np.testing.assert_allclose(np.stack([columns['start'], columns['end']], 1)[:4], clips.times)

    rejects = read_rejects(tmp_path / 'out.npz.rejects.csv')
    assert list(rejects) == ['broken.mp4'] and 'Invalid data' in rejects['broken.mp4']
    printed = capsys.readouterr()
    assert 'broken.mp4: Invalid data' in printed.err and 'file/s' in printed.err
    assert 'left out 1 of 4 files' in printed.out
    assert f'12 rows of 3 files, video_feat {CHANNELS}' in printed.out
    assert metadata['config'] == model[0] and metadata['checkpoint'] == model[1]
    assert metadata['weights_sha256'] == Embedder(model[1], device='cpu').weights_sha256()

    same, same_metadata = extract(folder, out='out.parquet')
    assert_equal(same, columns)
    assert same_metadata == metadata
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        *('out.npz', 'out.npz.rejects.csv', 'out.parquet', 'out.parquet.rejects.csv')
    ]


def test_sound_alone_takes_sound_files(extract, folder, tmp_path):
    columns, _ = extract(folder, '--modality', 'audio', '--stride', 0.1, '--batch-size', 3)
    assert [key for key in columns if 'video' in key] == []
    names, counts = np.unique(columns['filename'], return_counts=True)
    assert names.tolist() == ['a.mp4', 'hiss.wav', 'noise.avi']
    assert counts.tolist()[1:] == [5, 5]  # 0.64 s in 1 s, every 0.1 s and once at the end
    assert np.isfinite(columns['audio_feat']).all()
    assert (np.diff(columns['start'][columns['filename'] == 'a.mp4']) > 0).all()  # parts in order
    rejects = read_rejects(tmp_path / 'out.npz.rejects.csv')
    assert rejects.pop('sub dir/mute #1.webm') == 'no audio stream'
    assert list(rejects) == ['broken.mp4']


def test_a_row_per_file_is_the_mean_of_its_clips(extract, folder):
    clips, _ = extract(folder, '--num-clips', 3)
    files, _ = extract(folder, '--num-clips', 3, '--per', 'file', out='files.npz')
    assert files['filename'].tolist() == clips['filename'][::3].tolist()
    for kind in ('video_feat', 'audio_feat', 'video_embedding', 'audio_embedding'):
        mean = clips[kind].reshape(3, 3, -1).mean(axis=1)
        if 'embedding' in kind:
            mean /= np.linalg.norm(mean, axis=1, keepdims=True)
        np.testing.assert_allclose(files[kind], mean, atol=1e-6)
    np.testing.assert_allclose(files['end'] - files['start'], [2, 1, 1], atol=0.05)


def test_lists_bring_labels(extract, folder, tmp_path):
    text = folder / 'list.txt'
    text.write_text('sub dir/mute #1.webm 1\n\nnoise.avi 0\n./noise.avi\nnoise.avi 2\n')
    columns, metadata = extract(text, '--modality', 'video', '--num-clips', 1)
    assert columns['filename'].tolist() == [
        *('sub dir/mute #1.webm', 'noise.avi', './noise.avi', 'noise.avi')
    ]
    assert columns['label'].tolist() == [1, 0, -1, 2] and 'classes' not in metadata
    rows = [dict(filename='noise.avi', label=1, duration=0.9), dict(filename=str(folder / 'a.mp4'))]
    manifest = folder / 'list.json'
    manifest.write_text(json.dumps(dict(metainfo=dict(classes=['x', 'y']), data_list=rows)))
    columns, metadata = extract(manifest, '--num-clips', 2)
    assert columns['label'].tolist() == [1, 1, -1, -1] and metadata['classes'] == ['x', 'y']
    np.testing.assert_allclose(columns['end'][1], 0.9)  # the duration of the list


def test_mistakes_end_it_with_the_way_out(extract, folder, model, tmp_path):
    for match, source, *arguments in (
        ('absent is neither a list nor a folder', tmp_path / 'absent'),
        ('names no media file', tmp_path),
        ('no feature_pipeline', folder, '--cfg-options', 'feature_pipeline=None'),
        ('must end with .parquet or .npz', folder, '--out', tmp_path / 'out.csv'),
    ):
        with pytest.raises(SystemExit, match=f'^error: .*{match}'):
            extract(source, *arguments)
    with pytest.raises(SystemExit, match='error: .*absent.pth'):
        extract(folder, checkpoint='absent.pth')
    shutil.copy(folder / 'broken.mp4', tmp_path / 'one.mp4')
    with pytest.raises(SystemExit, match='error: none of the 1 files could be read'):
        extract(tmp_path)
    shutil.copy(folder / 'a.mp4', tmp_path / 'one.mp4')
    with pytest.raises(SystemExit, match='none of the 1 files'):
        extract(tmp_path, '--timeout', 0.0005)
    assert 'within 0.0005 s' in read_rejects(tmp_path / 'out.npz.rejects.csv')['one.mp4']
    assert not (tmp_path / 'out.npz').exists()


KILLER = """
import os, signal
from mmaction.registry import TRANSFORMS

@TRANSFORMS.register_module(force=True)
def Evil():
    def transform(results):
        if 'evil' in results['filename']:
            os.kill(os.getpid(), signal.SIGKILL)
        return results
    return transform
"""


def test_a_crashing_decoder_is_survived(extract, folder, model, tmp_path, monkeypatch):
    (tmp_path / 'killer.py').write_text(KILLER)
    monkeypatch.syspath_prepend(str(tmp_path))
    cfg = Config.fromfile(model[0])
    cfg.merge_from_dict(dict(custom_imports=dict(imports=['killer'])))
    cfg.feature_pipeline.insert(0, dict(type='Evil'))
    cfg.dump(tmp_path / 'evil.py')
    media = tmp_path / 'media'
    media.mkdir()
    for name in ('1.mp4', '2 evil.mp4', '3.mp4', '4.mp4'):
        shutil.copy(folder / 'a.mp4', media / name)
    columns, _ = extract(media, '--num-clips', 1, config=str(tmp_path / 'evil.py'))
    assert columns['filename'].tolist() == ['1.mp4', '3.mp4', '4.mp4']
    assert 'crashed' in read_rejects(tmp_path / 'out.npz.rejects.csv')['2 evil.mp4']


def finished_files(part):
    with open(part, 'rb') as file:
        settings = json.loads(str(read_array(file)))
    with FeatureLog(part, settings) as log:
        return list(log.finished)


def test_killed_and_repeated_it_goes_on(extract, folder, model, tmp_path):
    media = tmp_path / 'media'
    media.mkdir()
    for index in range(12):
        shutil.copy(folder / ('a.mp4' if index % 2 else 'noise.avi'), media / f'{index:02d}.mp4')
    stride = ['--stride', '0.02']
    whole, _ = extract(media, *stride, out='whole.npz')

    out, part = tmp_path / 'out.npz', tmp_path / 'out.npz.part'
    command = [sys.executable, TOOL, *model, media, '-o', out, *stride, '--workers', '1']
    command += ['--device', 'cpu']
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    while not (part.exists() and part.stat().st_size > 30000):
        assert process.poll() is None, 'ended before it could be killed'
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not out.exists()
    finished = finished_files(part)
    assert 1 < len(finished) < 12

    for other in (dict(checkpoint='random'), dict()):
        options = [*stride, '--per', 'file'] if not other else stride
        with pytest.raises(SystemExit, match='other settings .(weights_sha256|per).*delete'):
            extract(media, *options, **other)
    kept, changed = (media / name for name in finished[:2])
    stat = kept.stat()
    kept.write_bytes(b'0' * stat.st_size)  # not looked into again: it is finished
    os.utime(kept, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    changed.write_bytes(b'other')  # looked into again: it is not what it was
    columns, _ = extract(media, *stride)
    assert list(read_rejects(tmp_path / 'out.npz.rejects.csv')) == [changed.name]
    rest = whole['filename'] != changed.name
    assert_equal(columns, {name: values[rest] for name, values in whole.items()})
    assert not part.exists()
