"""Unreadable files are replaced and counted in training, but never in evaluation."""

from __future__ import annotations

import os
from functools import partial

import numpy as np
import pytest
from torch.utils.data import DataLoader

from avtss_mm.datasets.guarded_pipeline import Draw, chosen_row, load
from avtss_mm.errors import MediaError
from avtss_mm.utils.seeding import seeded

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


@pytest.mark.parametrize('good,bad,tried', [(36, 4, 40), (200, 20, 100)])
def test_too_many_unreadable_files_stop_training(make, with_bad_files, good, bad, tried):
    """They are counted as files, however often each is drawn; a short list is tried first."""
    dataset = make(with_bad_files(good, bad), pipeline=[dict(type='AVInit')])
    order = np.random.default_rng(0).permutation(good + bad)
    with pytest.raises(RuntimeError, match=r'files could not be read.*drop_unreadable.py') as error:
        for index in [*order, *order]:
            dataset[index]
    numbers = dataset.unreadable.flags.sum(dim=1).tolist()
    assert str(error.value).startswith('{1} of {0} files'.format(*numbers))
    assert tried <= numbers[0] < tried + 30
    dataset = make(with_bad_files(good, bad), pipeline=[dict(type='AVInit')], max_bad_fraction=0.3)
    for index in [*order, *order]:
        dataset[index]


def test_a_file_that_is_drawn_again_counts_once(make, with_bad_files):
    dataset = make(with_bad_files(39, 1), pipeline=[dict(type='AVInit')])
    for index in [*range(40), *[39] * 20]:  # 2.5 % of the files, 30 % of the draws
        dataset[index]
    assert dataset.unreadable.flags.sum(dim=1).tolist() == [40, 1] and dataset.num_skipped >= 21


def test_a_replacement_begins_with_the_first_number_of_its_key():
    draw = Draw((5, 1, 0, 2), dict(filename='a.mp4'))
    sample = load(lambda row: dict(drawn=np.random.rand()), draw).sample
    with seeded(*draw.key):
        assert sample['drawn'] == np.random.rand()
    rows = [chosen_row((5, 1, 0, attempt), 1000) for attempt in range(20)]
    assert rows[0] == 0 and len(set(rows)) > 15 and rows[1] == chosen_row((5, 1, 0, 1), 1000)


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

    dataset = make(pipeline=[dict(type='AVInit'), fail], timeout=None, max_bad_fraction=1)
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
