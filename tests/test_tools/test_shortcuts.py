"""The tool on a checkpoint and real files."""

import runpy

import numpy as np
import pytest
import torch
from helpers.commands import NO_WORKERS, ROOT, tool
from helpers.small_encoder import write_model
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import save_checkpoint
from scipy.signal import spectrogram

from avtss_mm.media import build_manifest, save_manifest

pytestmark = pytest.mark.slow

CONFIG = ROOT / 'configs/demo/avtss_tiny.py'
NAME = 'analysis_tools/shortcuts.py'
TOOL = runpy.run_path(str(ROOT / 'tools' / NAME))


@pytest.fixture(scope='module')
def folder(make_video, tmp_path_factory):
    """Four videos, their list, and a checkpoint with heads."""
    folder = tmp_path_factory.mktemp('shortcuts')
    for seed in range(4):
        make_video(folder / f'{seed}.mp4', 6, seed=seed, size=(48, 64))
    save_manifest(folder / 'videos.json', build_manifest(folder)[0])
    init_default_scope('mmaction')
    model = MODELS.build(Config.fromfile(CONFIG).model)
    save_checkpoint(dict(state_dict=model.state_dict()), str(folder / 'whole.pth'))
    return folder


def options(folder) -> list:
    return ['--ann-file', 'videos.json', '--cfg-options', f'data_root={folder}', *NO_WORKERS[:2]]


def test_table(folder):
    size = ('--num', 4, '--draws', 4)
    printed = tool(NAME, CONFIG, folder / 'whole.pth', *size, *options(folder)).stdout
    title, _, *rows = printed[printed.index('| accuracy') :].strip().splitlines()
    tasks = [cell.strip() for cell in title.strip('|').split('|')][1:]
    table = {}
    for row in rows:
        name, *cells = (cell.strip() for cell in row.strip('|').split('|'))
        table[name] = {task: cell for task, cell in zip(tasks, cells) if cell != '-'}
    assert set(table.pop('same answer when encoded again')) == set(tasks)
    assert list(table)[:2] == ['videos as they are', 'the same, encoded again']
    assert list(table['videos as they are']) == tasks and len(tasks) == 7
    assert list(table['still pictures']) == ['speed_v', 'direction_v', 'order_vv', 'order_va']
    assert list(table['windows of two videos']) == ['order_vv', 'order_aa', 'order_va']
    for name in TOOL['SOUNDS']:
        assert set(table[name]) <= {'speed_a', 'direction_a', 'order_aa'} and table[name]
    figures = [cell.strip(')').split(' (') for row in table.values() for cell in row.values()]
    assert all(0 <= float(share) <= 1 < 100 * float(chance) for share, chance in figures)


def test_what_is_wrong_is_said(folder, tmp_path):
    config, encoder = write_model(tmp_path / 'model')
    failed = tool(NAME, config, encoder, *options(folder), check=False)
    assert failed.returncode and 'no pretext heads: name a checkpoint of training' in failed.stderr
    no_heads = (*options(folder), 'model.pretext_heads=None')
    failed = tool(NAME, config, encoder, *no_heads, check=False)
    assert failed.returncode and 'the model of this config has no pretext_heads' in failed.stderr


def test_windows_are_mixed():
    inputs = dict(imgs=torch.arange(6.0).view(3, 2), audios=torch.arange(6.0).view(3, 2, 1))
    samples = [ActionDataSample(has_audio=np.array(row)) for row in ([1, 0], [0, 1], [1, 1])]
    TOOL['mix_windows'](dict(inputs=inputs, data_samples=samples))
    for clips in inputs.values():
        assert clips.flatten().tolist() == [0, 5, 2, 1, 4, 3]
    assert [sample.has_audio.tolist() for sample in samples] == [[1, 1], [0, 0], [1, 1]]


@pytest.mark.parametrize('kind', TOOL['SOUNDS'])
def test_sounds_stay_the_same(kind):
    sound = TOOL['stationary_sound'](kind, 8, np.random.default_rng(0))
    assert sound.dtype == np.float32 and sound.shape == (8 * 16000,)
    bands, _, power = spectrogram(sound, 16000, nperseg=4096)
    third = power.shape[1] // 3
    start, end = power[:, :third].mean(axis=1), power[:, -third:].mean(axis=1)
    loud = start > 0.01 * start.max()
    assert np.abs(np.log(end[loud] / start[loud])).max() < 2
    assert abs(np.log(start.sum() / end.sum())) < 0.1
    if kind.endswith('noise'):  # pink noise has as much power in each octave
        octaves = [start[(bands >= f) & (bands < 2 * f)].sum() for f in (500, 1000, 2000)]
        ratio = octaves[2] / octaves[0]
        assert (3 < ratio < 5) if kind == 'white noise' else (0.7 < ratio < 1.4)
