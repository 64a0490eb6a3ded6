"""Three machines of a Ray cluster, all on this one, do what processes of one machine do."""

from __future__ import annotations

import os
import runpy
import shutil
import signal
import subprocess
import sys
import threading
import time

import pytest
from helpers.commands import ROOT
from helpers.folders import contents
from helpers.made_index import vectors_of
from helpers.official_layouts import write_ucf101
from helpers.processes import alive
from helpers.small_encoder import write_model

from avtss_mm.errors import UsageError
from avtss_mm.files.feature_file import load_features
from avtss_mm.fingerprint import cli
from avtss_mm.media import build_manifest
from avtss_mm.preparation import command
from avtss_mm.workers.fan_out import fan_out
from avtss_mm.workers.ray_cluster import RayCluster

pytestmark = pytest.mark.slow
ray = pytest.importorskip('ray')
MACHINE = dict(num_cpus=1, num_gpus=1, object_store_memory=100 * 2**20)
"""The GPU is only a number to Ray: whoever gets it has no other one in sight."""


@pytest.fixture(scope='module')
def machines(kept_from_exit):
    from ray.cluster_utils import Cluster

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv('PYTHONPATH', str(ROOT))
        cluster = Cluster(True, head_node_args={**MACHINE, 'include_dashboard': False})
        for _ in range(2):
            cluster.add_node(**MACHINE, wait=False)
        cluster.wait_for_nodes()
    yield cluster
    cluster.shutdown()


@pytest.fixture(scope='module')
def workers(machines):
    yield RayCluster(machines.address)
    ray.shutdown()


def test_a_bad_item_does_not_end_the_others(workers):
    def hang_crash_or_answer(item):
        if item == 'hang':
            time.sleep(1000)
        if item == 'crash':
            os.kill(os.getpid(), signal.SIGSEGV)
        if item == 'raise':
            raise KeyError('no')
        return item.upper()

    items = ['a', 'hang', 'b', 'crash', 'c', 'raise', 'd']
    answers = list(fan_out(hang_crash_or_answer, items, workers, timeout=5))
    assert sorted(item for item, _ in answers) == sorted(items)
    results = dict(answers)
    assert [results[item] for item in 'abcd'] == ['A', 'B', 'C', 'D']
    assert str(results['hang']) == 'no answer within 5 s'
    assert str(results['crash']) == 'the decoder crashed (signal SIGSEGV)'
    assert str(results['raise']) == "KeyError: 'no'"


def test_a_process_has_a_gpu_to_itself(workers):
    def gpus(items, processes):
        time.sleep(0.2)
        for item in items:
            yield item, (os.getpid(), os.environ['CUDA_VISIBLE_DEVICES'], processes)

    found = [result for _, result in workers.spread(gpus, range(60), on_gpus=True)]
    assert len(set(found)) == 3 and {(gpu, number) for _, gpu, number in found} == {('0', 1)}


def test_a_folder_that_the_machines_lack_is_named(workers, tmp_path, monkeypatch):
    monkeypatch.setattr(os, 'getcwd', lambda: f'{tmp_path}/absent')
    with pytest.raises(UsageError, match=f'has no folder {tmp_path}/absent: every machine needs'):
        list(fan_out(str, [1, 2], workers))


DRIVER = """
import os, signal, sys, time
from pathlib import Path
from avtss_mm.workers.fan_out import fan_out
from avtss_mm.workers.ray_cluster import RayCluster
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
def hang(item):
    Path(f'{item} {os.getpid()} {os.getppid()}').touch()
    time.sleep(1000)
for _ in fan_out(hang, range(10), RayCluster(sys.argv[1]), timeout=900):
    pass
"""


def test_ctrl_c_leaves_no_process(machines, tmp_path):
    env = {**os.environ, 'PYTHONPATH': str(ROOT)}
    command = [sys.executable, '-c', DRIVER, machines.address]
    driver = subprocess.Popen(command, cwd=tmp_path, env=env, stderr=subprocess.DEVNULL)
    while len(os.listdir(tmp_path)) < 3:
        assert driver.poll() is None
        time.sleep(0.1)
    driver.send_signal(signal.SIGINT)
    try:
        assert driver.wait(60)
    finally:
        driver.kill()
    left = [int(pid) for name in os.listdir(tmp_path) for pid in name.split()[1:]]
    deadline = time.monotonic() + 60
    while any(map(alive, left)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert len(left) == 6 and not any(map(alive, left))


def test_a_killed_machine_loses_nothing_and_names_nothing_twice(machines, workers, tmp_path):
    added = machines.add_node(**MACHINE)
    machines.wait_for_nodes()

    def work(item):
        (tmp_path / f'{item} {os.getpid()}').touch()
        while not (tmp_path / 'go').exists():
            time.sleep(0.02)
        return item * item

    def kill():
        while len(os.listdir(tmp_path)) < 4:  # each machine has begun
            time.sleep(0.02)
        begun = [int(name.split()[1]) for name in os.listdir(tmp_path)]
        machines.remove_node(added, allow_graceful=False)
        while all(map(alive, begun)):
            time.sleep(0.02)
        (tmp_path / 'go').touch()

    killer = threading.Thread(target=kill)
    killer.start()
    found = list(fan_out(work, range(30), workers))
    killer.join()
    assert sorted(found) == [(item, item * item) for item in range(30)]
    assert len(os.listdir(tmp_path)) == 32  # what the dead machine had begun was done again


@pytest.fixture(scope='module')
def media(tmp_path_factory, make_video):
    """A small UCF101, with a file that is not a video."""
    root = tmp_path_factory.mktemp('media') / 'ucf'
    write_ucf101(root, make_video)
    (root / 'UCF-101/Archery/v_Archery_g01_c01.avi').write_text('nothing')
    return root


@pytest.fixture
def engines(machines, workers, monkeypatch, tmp_path):
    """``engines(run)``: calls ``run(*options)`` in a folder, here and on the cluster."""

    def both(run):
        folders = [tmp_path / 'local', tmp_path / 'ray']
        for folder, options in zip(
            folders, [('--workers', '2'), ('--engine', 'ray', '--ray-address', machines.address)]
        ):
            folder.mkdir()
            monkeypatch.chdir(folder)
            run(*options)
        return folders

    return both


UCF101 = runpy.run_path(str(ROOT / 'tools/data/prepare_ucf101.py'))['UCF101']


def main(name: str):
    return runpy.run_path(str(ROOT / 'tools' / name))['main']


def test_manifests_and_rejects_are_equal(engines, media):
    local, cluster = engines(
        lambda *options: main('data/build_manifest.py')([str(media), '-o', 'list.json', *options])
    )
    assert contents(local) == contents(cluster)
    assert b'Archery_g01_c01.avi,' in contents(cluster)['rejects.csv']
    assert contents(cluster)['list.json'].count(b'filename') == 11


def test_prepared_lists_are_equal(engines, media):
    def prepare(*options):
        shutil.copytree(media, 'ucf')
        command.run(UCF101, '', ['ucf', *options])

    local, cluster = engines(prepare)
    assert contents(local).keys() == contents(cluster).keys() >= {'ucf/train_split1.json'}
    journal = 'ucf/.probe_cache.jsonl'  # the copies have other times
    local, cluster = ({**contents(folder), journal: b''} for folder in (local, cluster))
    assert local == cluster


def test_shards_are_equal(engines, media, tmp_path):
    main('data/build_manifest.py')([str(media), '-o', str(media / 'list.json')])
    arguments = [str(media / 'list.json'), '-o', '.', '--gb', '1e-4']
    local, cluster = engines(lambda *options: main('data/make_shards.py')([*arguments, *options]))
    assert contents(local) == contents(cluster)
    assert sum(name.endswith('.tar') for name in contents(cluster)) > 1


def test_distorted_copies_are_equal(engines, media):
    arguments = ['distort', str(media), '-o', '.', '--only', 'grey', '--severity', '1']
    local, cluster = engines(lambda *options: cli.main([*arguments, *options]))
    assert contents(local) == contents(cluster)
    assert len(contents(cluster)) == 11 + 3


def test_small_copies_are_equal(engines, media):
    arguments = [str(media), 'out', '--short-side', '32']
    local, cluster = engines(lambda *options: main('data/resize_videos.py')([*arguments, *options]))
    assert contents(local)['out/rejects.csv'] == contents(cluster)['out/rejects.csv']
    # the encoder writes other bytes each time
    mine, theirs = build_manifest(local)[0], build_manifest(cluster)[0]
    assert mine == theirs and len(mine) == 11


def test_features_and_index_are_equal(engines, media, tmp_path):
    config, checkpoint = write_model(tmp_path)

    def embed(*options):
        model = [config, checkpoint, str(media), '-o', 'out.npz']
        main('extract_features.py')([*model, *options])
        cli.main(['index', str(media), '-o', 'index', '--checkpoint', checkpoint,
                  '--config', config, *options])  # fmt: skip

    local, cluster = engines(embed)
    mine, theirs = (load_features(folder / 'out.npz')[0] for folder in (local, cluster))
    assert mine.keys() == theirs.keys() and len(mine['filename']) >= 11
    for name in mine:
        assert mine[name].tobytes() == theirs[name].tobytes(), name
    name = 'out.npz.rejects.csv'
    assert contents(local)[name] == contents(cluster)[name]
    mine, theirs = (vectors_of(folder / 'index') for folder in (local, cluster))
    assert mine and mine == theirs
