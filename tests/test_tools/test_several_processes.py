"""Features and evaluation in several processes of a launcher are those of one process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from helpers.commands import NO_WORKERS, ROOT, tool
from helpers.official_layouts import write_ucf101
from helpers.small_encoder import write_model
from helpers.warm_python import warm_python

pytestmark = pytest.mark.slow

SRUN = """#!{python}
import os, subprocess, sys
words = sys.argv[1:]
command = words[words.index('python'):]
print(*words[:words.index('python')], flush=True)
tasks = int(words[words.index('--ntasks') + 1])
names = dict(SLURM_NTASKS=str(tasks), MASTER_ADDR='127.0.0.1')
ranks = [
    subprocess.Popen(command, env={{**os.environ, **names, 'SLURM_PROCID': rank,
                                    'SLURM_LOCALID': rank}})
    for rank in map(str, range(tasks))
]
sys.exit(max(rank.wait() for rank in ranks))
"""
"""Starts the processes of a job on this machine, as srun does on machines of a cluster."""


@pytest.fixture(scope='module')
def model(tmp_path_factory):
    return write_model(tmp_path_factory.mktemp('model'))


@pytest.fixture(scope='module')
def data(tmp_path_factory, make_video):
    root = tmp_path_factory.mktemp('data')
    write_ucf101(root / 'ucf101', make_video)
    (root / 'ucf101/UCF-101/Archery/broken.avi').write_text('nothing')
    tool('data/prepare_ucf101.py', root / 'ucf101', '--workers', 1)
    return root


@pytest.fixture(scope='module')
def one(model, data, tmp_path_factory):
    """Features of one process."""
    out = tmp_path_factory.mktemp('one') / 'out.npz'
    tool('extract_features.py', *model, data / 'ucf101', '-o', out, '--device', 'cpu')
    return out


def run(script: str, *words, **variables) -> subprocess.CompletedProcess:
    folders = [variables.pop('PATH', ''), str(warm_python().parent), os.environ['PATH']]
    paths = dict(PATH=os.pathsep.join(filter(None, folders)), PYTHONPATH=str(ROOT))
    return subprocess.run(
        ['bash', str(ROOT / 'tools' / script), *map(str, words)],
        env={**os.environ, **paths, **variables}, capture_output=True, text=True,
    )  # fmt: skip


def assert_equal(one: Path, several: Path):
    assert several.read_bytes() == one.read_bytes()
    name = f'{one.name}.rejects.csv'
    assert several.with_name(name).read_bytes() == one.with_name(name).read_bytes()
    assert sorted(os.listdir(several.parent)) == sorted(os.listdir(one.parent))


def test_features_of_two_processes(model, data, one, tmp_path):
    source = (model[1], data / 'ucf101', '-o', tmp_path / 'out.npz', '--device', 'cpu')
    result = run('dist_train.sh', model[0], 2, *source, TOOL='extract_features.py')
    assert result.returncode == 0, result.stderr[-3000:]
    assert_equal(one, tmp_path / 'out.npz')
    assert result.stderr.count('left out UCF-101/Archery/broken.avi') == 1


def test_features_of_a_slurm_job(model, data, one, tmp_path):
    (tmp_path / 'bin').mkdir()
    (tmp_path / 'out').mkdir()
    (tmp_path / 'bin/srun').write_text(SRUN.format(python=sys.executable))
    (tmp_path / 'bin/srun').chmod(0o755)
    source = (model[1], data / 'ucf101', '-o', tmp_path / 'out/out.npz', '--device', 'cpu')
    variables = dict(GPUS='2', SRUN_ARGS='--mem 1G', PATH=str(tmp_path / 'bin'))
    variables['TOOL'] = 'extract_features.py'
    result = run('slurm_train.sh', 'gpus', 'my job', model[0], *source, **variables)
    assert result.returncode == 0, result.stderr[-3000:]
    assert result.stdout.splitlines()[0] == (
        '--partition gpus --job-name my job --ntasks 2 --ntasks-per-node 2 --gres gpu:2 '
        '--cpus-per-task 5 --kill-on-bad-exit=1 --mem 1G'
    )
    assert_equal(one, tmp_path / 'out/out.npz')


@pytest.mark.parametrize(('script', 'number'), [('slurm_train.sh', 2), ('slurm_test.sh', 3)])
def test_missing_words(script, number):
    result = run(script, *['word'] * number)
    assert result.returncode == 2 and 'expected PARTITION JOB_NAME CONFIG' in result.stderr


def test_evaluation_in_two_processes(model, data, tmp_path):
    options = ['--data-root', data, '--only', 'ucf101-retrieval']
    options += ['--cfg-options', *NO_WORKERS[2:]]
    tool('evaluate_all.py', model[1], '--out', tmp_path / 'one', *options)
    words = (model[1], 2, '--out', tmp_path / 'two', *options)
    result = run('dist_train.sh', *words, TOOL='evaluate_all.py')
    assert result.returncode == 0, result.stderr[-3000:]
    one, two = (
        json.loads((tmp_path / name / 'results.json').read_text())['ucf101-retrieval']['split 1']
        for name in ('one', 'two')
    )
    assert one['metrics'] == two['metrics']
    tables = [(tmp_path / name / 'results.md').read_text() for name in ('one', 'two')]
    assert tables[0] == tables[1] and result.stdout.count(tables[0]) == 1
    assert sorted(os.listdir(tmp_path / 'one')) == sorted(os.listdir(tmp_path / 'two'))


def test_a_mistake_of_the_first_process_ends_all(model, tmp_path):
    words = (model[1], 2, '--out', tmp_path / 'out', '--data-root', tmp_path)
    result = run('dist_train.sh', *words, TOOL='evaluate_all.py')
    assert result.returncode != 0
    assert result.stderr.count('error: no protocol has its data') == 1
