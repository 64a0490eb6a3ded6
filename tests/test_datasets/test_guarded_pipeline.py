"""Decoders that hang or crash are stopped, named and counted; the loader survives."""

from __future__ import annotations

import copy
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from avtss_mm.datasets.guarded_pipeline import GuardedPipeline
from avtss_mm.errors import MediaError
from avtss_mm.media import build_manifest, save_manifest, write_video
from avtss_mm.workers.memory import can_limit_memory


def decode_badly(row: dict) -> dict:
    """A transform that never returns for one file and ends its process for another."""
    if row['filename'].endswith('a tone.mp4'):
        time.sleep(1000)
    if row['filename'].endswith('mute.mp4'):
        os.kill(os.getpid(), signal.SIGSEGV)
    return row


class ImpatientPipeline(GuardedPipeline):
    """Waits half a second for the file that never answers, and a minute for all others."""

    def load(self, pipeline, draw):
        self.timeout = 0.5 if draw.row['filename'].endswith('a tone.mp4') else 60
        return super().load(pipeline, draw)


@pytest.fixture
def unsafe(make, pipeline):
    """A data set of five files, on two of which the decoder hangs or crashes."""

    def build(**options):
        dataset = make(pipeline=[decode_badly, *pipeline], max_bad_fraction=1.0, **options)
        dataset._guard = ImpatientPipeline(60)
        return dataset

    return build


def states() -> list:
    return [random.getstate()[1], *np.random.get_state()[1], torch.get_rng_state().tolist()]


def test_samples_and_counts_are_those_of_the_process_itself(make, same):
    guarded, plain = make(timeout=30), make(timeout=None)
    for dataset in (guarded, plain):
        dataset.set_epoch(3, seed=5)
    before = states()
    pairs = [(guarded[index], plain[index]) for index in range(5)]
    assert states() == before
    assert all(same(*pair) for pair in pairs)
    for one, other in pairs:
        for key, tensor in one['inputs'].items():
            assert tensor.stride() == other['inputs'][key].stride()
            tensor += 1  # its memory is its own, and can be written to
    names = ('num_served', 'num_without_sound', 'num_too_short')
    counts = [[getattr(dataset, name) for name in names] for dataset in (guarded, plain)]
    assert counts[0] == counts[1] and counts[0][:2] == [5, 2]
    assert same(guarded[1], plain[1])


def test_hanging_and_crashing_decoders_are_bad_files(unsafe, make, messages, same):
    dataset = unsafe()
    served = [dataset[index] for index in range(5)]
    assert dataset.num_served == 5 and dataset.num_skipped >= 2
    assert messages().count('a tone.mp4: no answer within 0.5 s') == 1
    assert messages().count('mute.mp4: the decoder crashed (signal SIGSEGV)') == 1
    plain = make(timeout=None)
    for index in (0, 2, 4):
        assert same(served[index], plain[index])
    again = unsafe()
    assert same(served[1], again[1])  # the one that takes its place is drawn from the seed


def test_workers_of_a_loader_live_on(unsafe):
    dataset = unsafe()
    loader = DataLoader(dataset, None, num_workers=2, persistent_workers=True)
    list(loader)
    workers = {worker.pid for worker in loader._iterator._workers}
    assert len(list(loader)) == 5
    assert {worker.pid for worker in loader._iterator._workers} == workers
    assert dataset.num_served == 10 and dataset.num_skipped >= 4


def test_evaluation_stops_at_a_hanging_decoder(unsafe):
    with pytest.raises(RuntimeError, match=r'a tone.mp4: no answer within 0.5 s\n.*no file is'):
        unsafe(test_mode=True)[1]


class OddError(Exception):
    """An error that cannot be rebuilt from its text."""

    def __init__(self, one, two):
        super().__init__(f'{one} {two}')


def test_mistakes_keep_their_class_and_their_place(make):
    def wrong(row):
        raise KeyError('imgs')

    def odd(row):
        raise OddError('a', 'b')

    with pytest.raises(KeyError, match='imgs') as error:
        make(pipeline=[wrong])[0]
    assert 'in wrong' in str(error.value.__cause__)
    with pytest.raises(RuntimeError, match='OddError: a b'):
        make(pipeline=[odd])[0]


def test_another_pipeline_and_copies_are_followed(make):
    dataset = make(pipeline=[lambda row: dict(answer=1)])
    assert dataset[0]['answer'] == 1
    twin = copy.deepcopy(dataset)
    dataset.pipeline = lambda row: dict(answer=2)
    assert (dataset[0]['answer'], twin[0]['answer']) == (2, 1)
    with pytest.raises(RuntimeError, match='files could not be read'):
        dataset.pipeline = raise_media_error
        dataset[0]


def raise_media_error(row: dict):
    raise MediaError(row['filename'], 'damaged')


def test_a_process_killed_while_it_waits_costs_no_file(make):
    dataset = make(pipeline=[lambda row: dict(pid=os.getpid())])
    first = dataset[0]['pid']
    assert first != os.getpid()
    os.kill(first, signal.SIGKILL)
    dataset._guard._worker.process.join()
    assert dataset[0]['pid'] != first and dataset.num_skipped == 0


SCRIPT = """
import os, signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
from avtss_mm.datasets import AudioVisualDataset
from avtss_mm.workers import guarded_map
guarded_map.GRACE = 0.5
def step(row):
    print(os.getpid(), flush=True)
    time.sleep(1000)
AudioVisualDataset(sys.argv[1], [step], timeout=5)[0]
"""


def is_alive(pid: int) -> bool:
    try:
        with open(f'/proc/{pid}/stat') as file:
            return file.read().rpartition(')')[2].split()[0] != 'Z'
    except FileNotFoundError:
        return False


@pytest.mark.slow
@pytest.mark.skipif(not os.path.isdir('/proc/self'), reason='needs Linux')
@pytest.mark.parametrize('number', [signal.SIGKILL, signal.SIGINT])
def test_a_hanging_process_ends_with_its_parent(tmp_path, number):
    (tmp_path / 'list.txt').write_text('a.mp4 0\n')
    parent = subprocess.Popen(
        [sys.executable, '-c', SCRIPT, str(tmp_path / 'list.txt')],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    pid = next(int(line) for line in parent.stdout if line.strip().isdigit())
    if number == signal.SIGINT:  # as Ctrl-C does
        os.killpg(parent.pid, number)
    else:
        parent.send_signal(number)
    _, errors = parent.communicate(timeout=120)  # both hold the pipes
    deadline = time.monotonic() + 60
    while is_alive(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_alive(pid)
    assert errors.count('Traceback') == (number == signal.SIGINT)


@pytest.fixture
def videos_with_a_large_picture(tmp_path, make_video):
    make_video(tmp_path / 'a.mp4', duration=2)
    black = np.zeros((4096, 4096, 3), np.uint8)
    write_video(tmp_path / 'large.avi', [black] * 25, 25, video_codec='mjpeg')
    save_manifest(tmp_path / 'list.json', build_manifest(tmp_path)[0])
    return tmp_path


@pytest.mark.skipif(not can_limit_memory(), reason='Linux only')
def test_a_picture_beyond_the_memory_limit_is_a_bad_file(
    videos_with_a_large_picture, make, messages
):
    options = dict(data_root=str(videos_with_a_large_picture), max_bad_fraction=1.0)
    dataset = make('list.json', max_memory_gb=0.2, **options)
    served = [dataset[0], dataset[1]]
    process = dataset._guard._worker.process
    assert [Path(s['data_samples'].filename).name for s in served] == ['a.mp4', 'a.mp4']
    assert 'large.avi: it needs more memory than max_memory_gb=0.2 allows' in messages()
    assert 'crashed' not in messages() and dataset._guard._worker.process is process
    assert make('list.json', **options)[1]['data_samples'].filename.endswith('large.avi')


def test_a_memory_limit_needs_a_guarded_process(make):
    with pytest.raises(ValueError, match='max_memory_gb must be positive, and needs'):
        make(max_memory_gb=1, timeout=None)
