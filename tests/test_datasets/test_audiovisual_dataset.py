"""Lists of videos, and samples that depend only on (seed, epoch, index)."""

from __future__ import annotations

import copy
import json
import os
import pickle

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

NUM_VIDEOS = 5


def test_rows_of_a_manifest(make, videos):
    dataset = make(subset='query')
    assert len(dataset) == NUM_VIDEOS
    row = dataset.get_data_info(2)
    assert row['filename'] == str(videos / 'sub dir/noise 2.mkv')
    assert (row['label'], row['subset'], row['sample_idx']) == (2, 'query', 2)
    assert row['duration'] == pytest.approx(5, abs=0.1)
    assert len(make(require_audio=True)) == 3
    assert len(make(indices=2)) == 2


def test_rows_of_a_list_with_blanks_in_the_paths(make, videos, tmp_path):
    lines = [
        'sub dir/noise 2.mkv 7',
        '',
        'a tone.mp4',
        f'{videos}/mute.mp4\t-1',
        'x y 3 z.mp4  12 ',
    ]
    (tmp_path / 'list.txt').write_text('\r\n'.join(lines))
    dataset = make(tmp_path / 'list.txt', data_root='', data_prefix=dict(video=str(videos)))
    rows = [dataset.get_data_info(index) for index in range(len(dataset))]
    assert [row['label'] for row in rows] == [7, -1, -1, 12]
    names = ['sub dir/noise 2.mkv', 'a tone.mp4', 'mute.mp4', 'x y 3 z.mp4']
    assert [row['filename'] for row in rows] == [str(videos / name) for name in names]
    assert dataset[0]['data_samples'].gt_label.item() == 7


def test_first_rows_of_each_class(make, tmp_path):
    labels = [0, 1, 0, 2, 0, 1, 1]
    lines = [f'{index}.mp4 {label}' for index, label in enumerate(labels)]
    (tmp_path / 'list.txt').write_text('\n'.join(lines))
    dataset = make(tmp_path / 'list.txt', max_per_class=2)
    rows = [dataset.get_data_info(index) for index in range(len(dataset))]
    assert [os.path.basename(row['filename']) for row in rows] == [
        f'{index}.mp4' for index in (0, 1, 2, 3, 5)
    ]


def test_packed_sample(make):
    sample = make()[0]
    imgs, audios, labels = *sample['inputs'].values(), sample['data_samples']
    assert imgs.shape == (2, 3, 8, 32, 32) and imgs.dtype == torch.uint8
    assert audios.shape == (2, 1, 40, 20) and audios.dtype == torch.float32
    assert labels.has_audio.tolist() == [True, True] and labels.gt_label.item() == 0
    assert labels.video_speed.shape == (2,) and labels.clip_order in (-1, 0, 1, 2)
    assert labels.sample_idx == 0 and labels.filename.endswith('noise.mp4')


def test_sample_is_a_function_of_seed_epoch_and_index(make, same):
    dataset, other = make(), make(seed=3)
    assert same(dataset[1], dataset[1]) and not same(dataset[0], other[0])
    before = dataset[1]
    dataset.set_epoch(1, seed=0)
    assert not same(dataset[1], before)
    dataset.set_epoch(0, seed=0)
    np.random.seed(9)
    torch.manual_seed(9)
    assert same(dataset[1], before)
    assert same(dataset[-4], before)


def test_generators_of_the_caller_are_left_alone(make):
    dataset = make()
    np.random.seed(0)
    torch.manual_seed(0)
    dataset[0]
    after = np.random.rand(), torch.rand(1).item()
    np.random.seed(0)
    torch.manual_seed(0)
    assert after == (np.random.rand(), torch.rand(1).item())


@pytest.mark.parametrize('num_workers', [1, 2])
def test_workers_change_nothing_and_hear_of_the_epoch(make, num_workers, same):
    dataset, single = copy.deepcopy(make()), make()  # mmengine's runner copies data sets
    loader = DataLoader(
        dataset, None, num_workers=num_workers, persistent_workers=True, prefetch_factor=1
    )
    for epoch in (0, 1):
        dataset.set_epoch(epoch, seed=5)
        single.set_epoch(epoch, seed=5)
        served = list(loader)
        assert all(same(sample, single[index]) for index, sample in enumerate(served))
    assert dataset.num_served == single.num_served == 2 * NUM_VIDEOS
    assert dataset.num_without_sound == single.num_without_sound == 4
    assert dataset.num_skipped == 0


def test_video_too_short_for_the_fastest_speed_is_counted_and_told(make, pipeline, messages):
    pipeline[1]['speeds'] = (1, 8)
    dataset = make(pipeline=pipeline)
    assert '100% of the videos are shorter than the 8 s' in messages()
    assert '`speeds` of SampleAVClips' in messages()
    assert dataset[0]['data_samples'].video_speed.tolist() == [-1, -1]
    assert dataset.num_too_short == 1


def test_log_says_what_there_is(make, messages):
    make()
    assert 'manifest.json: 5 videos, 0.01 hours, 60% with sound' in messages()
    assert 'shorter' not in messages()
    make(require_audio=True)
    assert '3 videos, 0.00 hours, 100% with sound (2 without sound left out)' in messages()


def test_missing_paths_are_named_with_the_command_that_makes_them(make, videos, tmp_path):
    command = 'python tools/data/build_manifest.py'
    with pytest.raises(FileNotFoundError, match=f'nothing.json.*{command} .?{videos}'):
        make('nothing.json')
    with pytest.raises(FileNotFoundError, match=f'nowhere.*data_root.*{command}'):
        make(data_root=str(tmp_path / 'nowhere'))


def test_a_list_without_videos_is_refused(make, tmp_path):
    (tmp_path / 'empty.json').write_text(json.dumps(dict(metainfo={}, data_list=[])))
    with pytest.raises(ValueError, match='no videos'):
        make(tmp_path / 'empty.json')


def test_a_pickled_data_set_still_reads(make, same):
    dataset = make()
    assert same(pickle.loads(pickle.dumps(dataset))[0], dataset[0])


def test_an_epoch_that_is_drawn_twice_is_told_once(make, messages):
    dataset = make()
    for epoch in range(3):
        dataset.set_epoch(epoch, seed=0)
        list(DataLoader(dataset, None, num_workers=2))
        dataset[0]  # a sampler that gives each process as many may repeat one
    assert 'a second time' not in messages()
    list(DataLoader(dataset, None, num_workers=2))
    list(DataLoader(dataset, None))
    assert messages().count('drawn a second time in epoch 2') <= 1  # a worker may say it
    assert dataset._draws._warned.tensor.all()
    evaluated = make(test_mode=True)
    for _ in range(3):
        list(DataLoader(evaluated, None))
    assert not evaluated._draws._warned.tensor.any()
