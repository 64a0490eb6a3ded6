"""The runners with a toy network. Mistakes give one line that says what to do, and status 1."""

import json
import os
import pickle
import runpy
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from helpers.warm_python import warm_python
from mmengine.config import Config

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / 'configs/pretrain/avtss_r2plus1d_k400.py'
TOY = """
custom_imports = dict(imports=['helpers.toy_run'])
randomness = dict(seed=1, deterministic=False)
model = dict(type='ToyModel')
train_dataloader = dict(
    batch_size=2,
    dataset=dict(type='ToyDataset'),
    sampler=dict(type='DefaultSampler', shuffle=True),
    collate_fn=dict(type='default_collate'),
)
test_dataloader = {**train_dataloader, 'sampler': dict(type='DefaultSampler', shuffle=False)}
test_evaluator = dict(type='ToyAccuracy')
test_cfg = dict()
train_cfg = dict(by_epoch=True, max_epochs=2)
optim_wrapper = dict(optimizer=dict(type='SGD', lr=0.1))
default_hooks = dict(
    logger=dict(type='LoggerHook', interval=1), checkpoint=dict(type='CheckpointHook', interval=1)
)
"""


@pytest.fixture
def toy_config(tmp_path):
    path = tmp_path / 'toy.py'
    path.write_text(TOY)
    return path


@pytest.fixture
def run_tool(tmp_path, monkeypatch):
    """``run_tool('train.py', *arguments)`` in this process; returns the program's variables."""
    monkeypatch.chdir(tmp_path)

    def run(name, *arguments):
        path = str(ROOT / 'tools' / name)
        monkeypatch.setattr(sys, 'argv', [path, *map(str, arguments)])
        return runpy.run_path(path, run_name='__main__')

    return run


@pytest.fixture
def merged(monkeypatch):
    """``merged('train.py', *arguments)``: the config that the tool would pass to the runner."""

    def merge(name, *arguments):
        tool = runpy.run_path(str(ROOT / 'tools' / name))
        monkeypatch.setattr(sys, 'argv', [name, *map(str, arguments)])
        args = tool['parse_args']()
        return tool['merge_flags'](tool['cli'].load_config(args), args)

    return merge


def test_train_resume_test_and_baseline(run_tool, toy_config, tmp_path, capsys):
    run_tool('train.py', toy_config, '--cfg-options', 'train_cfg.max_epochs=1')
    work_dir = tmp_path / 'work_dirs/toy'
    assert (work_dir / 'last_checkpoint').read_text() == str(work_dir / 'epoch_1.pth')
    run_tool('train.py', toy_config, '--resume')
    trained = torch.load(work_dir / 'epoch_2.pth', weights_only=True)
    assert trained['meta']['iter'] == 12 and trained['meta']['seed'] == 1

    run_tool('test.py', toy_config, work_dir / 'epoch_2.pth', '--dump', 'predictions.pkl')
    metrics = json.loads((work_dir / 'metrics.json').read_text())['metrics']
    assert metrics.keys() == {'top1'} and 0 <= metrics['top1'] <= 1
    assert f'top1      {metrics["top1"]:.4f}' in capsys.readouterr().out
    assert len(pickle.loads((tmp_path / 'predictions.pkl').read_bytes())) == 12

    weights = []
    for _ in range(2):  # seeded: the same baseline each time
        tool = run_tool('test.py', toy_config, 'random', '--work-dir', 'baseline')
        assert 'Loads checkpoint' not in capsys.readouterr().out
        weights.append(json.loads((tmp_path / 'baseline/metrics.json').read_text())['metrics'])
    assert weights[0] == weights[1] and tool['__doc__']


@pytest.mark.skipif(torch.cuda.is_available(), reason='stock mmengine does this on GPUs')
def test_two_processes_on_the_cpu(toy_config, tmp_path):
    options = ('--cfg-options', 'sync_bn=torch', 'model.norm=SyncBatchNorm')
    run = subprocess.run(
        ['bash', ROOT / 'tools/dist_train.sh', toy_config, '2', *options],
        cwd=tmp_path,
        env={
            **os.environ,
            'PATH': os.pathsep.join((str(warm_python().parent), os.environ['PATH'])),
            'PYTHONPATH': os.pathsep.join((str(ROOT), str(ROOT / 'tests'))),
            'PORT': str(free_port()),
        },
        capture_output=True,
        text=True,
        timeout=240,
    )
    output = run.stdout + run.stderr
    assert run.returncode == 0, output
    assert output.count('each process uses plain BN on the CPU') == 1
    assert '[1][3/3]' in output  # 12 samples / 2 processes / batch of 2
    saved = torch.load(tmp_path / 'work_dirs/toy/epoch_2.pth', weights_only=True)
    assert saved['meta']['iter'] == 6


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(('127.0.0.1', 0))
        return listener.getsockname()[1]


def test_missing_data_root(run_tool, tmp_path):
    folder = tmp_path / 'no videos'
    with pytest.raises(SystemExit) as stop:
        run_tool('train.py', CONFIG, '--cfg-options', f'data_root={folder}')
    message = str(stop.value)
    assert message.startswith('error: ') and str(folder) in message
    assert 'python tools/data/build_manifest.py' in message


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (('train.py', 'nothing.py'), 'nothing.py'),
        (('train.py', 'toy.py', '--resume', 'nothing.pth'), 'nothing.pth: no such checkpoint'),
        (('train.py', 'toy.py', '--auto-scale-lr'), 'auto_scale_lr=dict(base_batch_size=...)'),
        (('train.py', 'toy.py', '--cfg-options', 'optim_wrapper.type=X', '--amp'), 'type=X'),
        (('test.py', 'toy.py', 'nothing.pth'), 'nothing.pth: no such checkpoint'),
        (('test.py', 'toy.py', 'random', '--dump', 'a.json'), 'must end with .pkl'),
        (('test.py', 'toy.py', 'toy.py'), 'toy.py: cannot be read'),
        (('test.py', 'toy.py', 'random', '--cfg-options', 'test_evaluator=None'), 'test_evaluator'),
    ],
)
def test_mistakes(run_tool, toy_config, arguments, message):
    with pytest.raises(SystemExit) as stop:
        run_tool(*arguments)
    assert str(stop.value).startswith('error: ') and message in str(stop.value)


@pytest.mark.skipif(torch.cuda.is_available(), reason='GPUs have mixed precision')
def test_mixed_precision_is_refused_on_the_cpu(run_tool, toy_config):
    for option in (['--amp'], ['--bf16'], ['--cfg-options', 'optim_wrapper.type=AmpOptimWrapper']):
        with pytest.raises(SystemExit, match='mixed precision needs a GPU'):
            run_tool('train.py', toy_config, *option)


def test_mixed_precision_is_float16_with_a_loss_scale_or_bfloat16_without(monkeypatch, toy_config):
    tool = runpy.run_path(str(ROOT / 'tools/train.py'))
    merge_flags, parse_args = tool['merge_flags'], tool['parse_args']
    monkeypatch.setattr('mmengine.device.get_device', lambda: 'cuda')
    for flags, expected in {
        ('--amp',): dict(loss_scale='dynamic'),
        ('--bf16',): dict(loss_scale=dict(enabled=False), dtype='bfloat16'),
    }.items():
        monkeypatch.setattr(sys, 'argv', ['train.py', str(toy_config), *flags])
        cfg = merge_flags(Config.fromfile(toy_config), parse_args())
        wrapper = dict(cfg.optim_wrapper)
        assert wrapper.pop('optimizer') and wrapper == dict(type='AmpOptimWrapper', **expected)


def test_flags_reach_the_config(merged, toy_config):
    cfg = merged('train.py', toy_config, '--seed', 0, '--deterministic', '--no-validate')
    assert cfg.randomness == dict(seed=0, deterministic=True)
    assert cfg.val_dataloader is None
    cfg = merged('train.py', toy_config)
    assert cfg.randomness == dict(seed=1, deterministic=False)
    assert cfg.work_dir == os.path.join('work_dirs', 'toy') and cfg.launcher == 'none'
    options = ('--cfg-options', 'auto_scale_lr.base_batch_size=8', '--work-dir', 'here')
    cfg = merged('train.py', toy_config, '--auto-scale-lr', *options)
    assert cfg.auto_scale_lr == dict(base_batch_size=8, enable=True) and cfg.work_dir == 'here'


def test_resume_without_a_checkpoint_begins_as_the_config_says(merged, toy_config, tmp_path):
    options = ('--work-dir', tmp_path, '--cfg-options', 'load_from=some/weights.pth')
    cfg = merged('train.py', toy_config, *options, '--resume')
    assert (cfg.resume, cfg.load_from) == (False, 'some/weights.pth')
    checkpoint = tmp_path / 'epoch_3.pth'
    torch.save({}, checkpoint)
    (tmp_path / 'last_checkpoint').write_text(str(checkpoint))
    cfg = merged('train.py', toy_config, *options, '--resume')
    assert (cfg.resume, cfg.load_from) == (True, str(checkpoint))


def test_option_values(merged, toy_config, tmp_path):
    odd = tmp_path / 'a, b (1)'
    odd.mkdir()
    options = (f'data_root={odd}', 'x=no such/folder 2', 'y=[1, 0.5]', 'z=a,b', 'n=None')
    cfg = merged('train.py', toy_config, '--cfg-options', *options)
    assert (cfg.data_root, cfg.x) == (str(odd), 'no such/folder 2')
    assert (cfg.y, cfg.z, cfg.n) == ([1, 0.5], ['a', 'b'], None)


def test_config_of_the_package_by_name(merged):
    if not (ROOT / 'avtss_mm/.mim').is_dir():
        pytest.skip('configs are linked by `pip install -e .`')
    name = 'avtss_mm::pretrain/avtss_r2plus1d_k400.py'
    cfg = merged('train.py', name, '--cfg-options', 'data_root=mine')
    assert cfg.train_dataloader.dataset.data_root == 'mine'
