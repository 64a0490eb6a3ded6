"""Unreadable files are replaced and counted in training, but never in evaluation."""

from __future__ import annotations

import os
from functools import partial

import pytest
from torch.utils.data import DataLoader

from avtss_mm.errors import MediaError

OPEN_FILES = '/proc/self/fd'
needs_open_files = pytest.mark.skipif(not os.path.isdir(OPEN_FILES), reason='needs Linux')


@pytest.fixture
def make(make):
    """Makes data sets whose lists may name files anywhere."""
    return partial(make, allow_outside=True)


@pytest.fixture
def with_bad_files(videos, tmp_path):
    """``with_bad_files(good, bad)``: a list of copies of one good and one broken file."""
    broken = tmp_path / 'broken.mp4'
    broken.write_bytes((videos / 'noise.mp4').read_bytes()[:300])

    def write(good, bad):
        lines = [f'{videos / "noise.mp4"} 1'] * good + [f'{broken} 2'] * bad
        path = tmp_path / 'list.txt'
        path.write_text('\n'.join(lines))
        return path

    return write


def test_unreadable_file_is_replaced_named_once_and_counted(make, with_bad_files, messages, same):
    dataset = make(with_bad_files(4, 1), max_bad_fraction=0.5)
    served = [dataset[4] for _ in range(3)]
    assert served[0]['data_samples'].sample_idx < 4
    assert served[0]['data_samples'].filename.endswith('noise.mp4')
    assert all(same(sample, served[0]) for sample in served)
    assert not same(served[0], dataset[served[0]['data_samples'].sample_idx])
    assert dataset.num_served == 4 and dataset.num_skipped >= 3
    assert messages().count('skipped ') == 1 and 'broken.mp4: ' in messages()


def test_workers_share_the_counts_of_unreadable_files(make, with_bad_files):
    dataset = make(with_bad_files(6, 2), max_bad_fraction=0.9)
    loader = DataLoader(dataset, None, num_workers=2)
    assert len(list(loader)) == 8 == dataset.num_served
    assert dataset.num_skipped >= 2


def test_too_many_unreadable_files_stop_training(make, with_bad_files):
    dataset = make(with_bad_files(36, 4), pipeline=[dict(type='AVInit')])
    with pytest.raises(RuntimeError, match=r'of \d+ files could not be read.*drop_unreadable.py'):
        for index in range(1000):
            dataset[index % 40]
    assert 100 <= dataset.num_served + dataset.num_skipped < 140
    dataset = make(with_bad_files(36, 4), pipeline=[dict(type='AVInit')], max_bad_fraction=0.2)
    for index in range(120):
        dataset[index % 40]


def test_only_unreadable_files_stop_at_once(make, with_bad_files):
    with pytest.raises(RuntimeError, match='20 files in a row could not be read'):
        make(with_bad_files(0, 30))[0]


def test_evaluation_replaces_nothing(make, with_bad_files):
    dataset = make(with_bad_files(1, 1), test_mode=True)
    dataset[0]
    with pytest.raises(RuntimeError, match='broken.mp4.*\n.*no file is skipped'):
        dataset[1]


def test_mistakes_in_a_pipeline_are_not_taken_for_bad_files(make, pipeline):
    pipeline[6]['num_columns'] = 400
    with pytest.raises(ValueError, match='columns'):
        make(pipeline=pipeline)[0]


@needs_open_files
def test_reader_is_closed_when_a_later_step_fails(make):
    readers = []

    def fail(row):
        readers.append(row['reader'])
        raise MediaError(row['filename'], 'damaged')

    dataset = make(pipeline=[dict(type='AVInit'), fail], timeout=None)
    before = len(os.listdir(OPEN_FILES))
    with pytest.raises(RuntimeError, match='20 files in a row'):
        dataset[0]
    assert len(readers) == 20 and len(os.listdir(OPEN_FILES)) <= before


@needs_open_files
def test_files_are_closed(make, with_bad_files):
    """The number of open files is the same before and after many samples, good or bad."""
    dataset = make(with_bad_files(3, 3), max_bad_fraction=1)
    dataset[0]
    before = len(os.listdir(OPEN_FILES))
    for index in range(30):
        dataset[index % 6]
    assert len(os.listdir(OPEN_FILES)) <= before
