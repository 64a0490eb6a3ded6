"""Unreadable files are judged after each epoch and counted at the end of a run."""

from __future__ import annotations

import pytest
import torch
from helpers.toy_run import build_runner

from avtss_mm.datasets import AudioVisualDataset
from avtss_mm.engine import TrainingStoppedError, UnreadableFilesHook
from avtss_mm.errors import MediaError


def make(row):
    if row['label'] == 1:
        raise MediaError(row['filename'], 'damaged')
    return dict(inputs=torch.zeros(3), label=0)


@pytest.fixture
def train(tmp_path):
    """``train(num_bad, num_good, **options)``: the log of a run; its list starts with bad files."""

    def run(num_bad, num_good, epochs=2, **options):
        lines = [f'{i}.mp4 {int(i < num_bad)}' for i in range(num_bad + num_good)]
        (tmp_path / 'list.txt').write_text('\n'.join(lines))
        dataset = AudioVisualDataset(str(tmp_path / 'list.txt'), [make], **options)
        loader = dict(dataset=dataset, sampler=dict(type='DefaultSampler', shuffle=False))
        hooks = [UnreadableFilesHook()]
        name = f'{tmp_path}-{num_bad}'
        build_runner(tmp_path, epochs, name, loader=loader, custom_hooks=hooks).train()
        return ''.join(path.read_text() for path in tmp_path.glob('*/*.log'))

    return run


def test_too_many_of_a_short_list_stop_the_run_after_an_epoch(train, tmp_path):
    with pytest.raises(TrainingStoppedError, match=r'^6 of 50 files could not be read; the log'):
        train(6, 44)
    assert (tmp_path / 'epoch_1.pth').is_file() and not (tmp_path / 'epoch_2.pth').is_file()


@pytest.mark.parametrize('bad,words', [(2, ': the log names them.'), (0, '.')])
def test_the_last_line_counts_files(train, bad, words):
    log = train(bad, 50 - bad)
    assert log.rstrip().endswith(f'{bad} of 50 files could not be read{words}')


def test_a_user_may_allow_more(train):
    assert '6 of 50 files could not be read' in train(6, 44, max_bad_fraction=0.2)
