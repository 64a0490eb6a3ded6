"""The tool on real files, from a config to figures."""

from __future__ import annotations

import json
import runpy
import sys
from pathlib import Path

import pytest

from avtss_mm.media import probe

TOOL = Path(__file__).parents[2] / 'tools' / 'browse_dataset.py'
CONFIG = """
data_root = {root!r}
pipeline = [
    dict(type='AVInit'),
    dict(type='SampleAVClips', clip_len=4, video_fps=8, speeds=(1, 2)),
    dict(type='AVDecode'),
    dict(type='PerClip', transforms=[
        dict(type='RandomResizedCrop', area_range=(0.5, 1.0)),
        dict(type='Resize', scale=(32, 32), keep_ratio=False)]),
    dict(type='FormatShape', input_format='NCTHW'),
    dict(type='MelSpectrogram', num_columns=50, num_mels=20),
    dict(type='PackActionInputs', collect_keys=('imgs', 'audios'))]
train_dataloader = dict(dataset=dict(
    type='RepeatDataset', times=2,
    dataset=dict(type='AudioVisualDataset', data_root=data_root, ann_file='train.json',
                 pipeline=pipeline)))
"""


@pytest.fixture
def browse(tmp_path, monkeypatch, capsys, make_video):
    """Runs the tool in a folder with a config and two videos; returns its output."""
    monkeypatch.chdir(tmp_path)
    rows = []
    for name in ('a.mp4', 'b.mp4'):
        make_video(tmp_path / 'videos' / name, duration=2, size=(48, 64))
        rows.append({**probe(tmp_path / 'videos' / name), 'filename': name})
    manifest = dict(metainfo={}, data_list=rows)
    (tmp_path / 'videos' / 'train.json').write_text(json.dumps(manifest))
    (tmp_path / 'small.py').write_text(CONFIG.format(root=str(tmp_path / 'videos')))

    def run(*arguments):
        monkeypatch.setattr(sys, 'argv', [str(TOOL), 'small.py', *arguments])
        runpy.run_path(str(TOOL), run_name='__main__')
        return capsys.readouterr().out

    return run


def test_draws_samples_through_dataset_wrappers(browse, tmp_path):
    printed = browse('--num', '3')
    pictures = sorted((tmp_path / 'work_dirs/small/browse').glob('*.png'))
    assert [path.name[:12] for path in pictures] == ['train_000000', 'train_000002', 'train_000003']
    for path in pictures:
        assert path.stat().st_size > 20000
        assert str(path.relative_to(tmp_path)) in printed
    assert 'videos/a.mp4, 2.0' in printed and 'videos/b.mp4, 2.0' in printed


def test_missing_videos_end_it_with_the_way_out(browse):
    with pytest.raises(SystemExit, match='nowhere.*build_manifest.py'):
        browse('--cfg-options', 'data_root=nowhere', '--out', 'pictures')
    assert not Path('pictures').exists()


def test_an_option_names_a_step_by_its_type(browse):
    speed = 'train_dataloader.dataset.dataset.pipeline.SampleAVClips.speeds=(2,)'
    size = 'train_dataloader.dataset.dataset.pipeline.Resize.scale=(16,16)'
    printed = browse('--cfg-options', speed, size, '--num', '1')
    assert '2x' in printed, printed
    wrong = speed.replace('SampleAVClips', 'SampleAVClip')
    with pytest.raises(SystemExit, match='error: .*SampleAVClip is none of 0 AVInit, 1 SampleAV'):
        browse('--cfg-options', wrong)
