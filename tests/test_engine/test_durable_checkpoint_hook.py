"""Checkpoints of real training loops that are interrupted or whose disk is full."""

import resource

import pytest
import torch
from helpers.toy_run import ToyAccuracy, ToyDataset, build_runner
from mmengine.hooks import Hook
from mmengine.logging import MessageHub
from mmengine.registry import METRICS

from avtss_mm.engine import DurableCheckpointHook, find_last_checkpoint


@METRICS.register_module(force=True)
class Growing(ToyAccuracy):
    def compute_metrics(self, results) -> dict:
        return dict(top1=float(MessageHub.get_current_instance().get_info('epoch')))


class Cut(Exception):
    pass


class CutHook(Hook):
    """Ends a run when a given hook method is called in a given epoch."""

    priority = 'VERY_HIGH'

    def __init__(self, where: str, epoch: int) -> None:
        self.epoch = epoch
        setattr(self, where, self.cut)

    def cut(self, runner, **kwargs) -> None:
        if runner.epoch == self.epoch:
            raise Cut


def build(work_dir, epochs=4, hooks=(), checkpoint=None, metric='ToyAccuracy', **options):
    validation = dict(
        val_dataloader=dict(
            dataset=ToyDataset(),
            batch_size=4,
            sampler=dict(type='DefaultSampler', shuffle=False),
            collate_fn=dict(type='default_collate'),
        ),
        val_cfg=dict(),
        val_evaluator=dict(type=metric),
    )
    runner = build_runner(
        work_dir, epochs, f'{work_dir}-{epochs}-{len(hooks)}-{len(options)}',
        custom_hooks=list(hooks), **validation, **options,
    )  # fmt: skip
    runner._hooks = [h for h in runner.hooks if type(h).__name__ != 'CheckpointHook']
    runner.register_hook(DurableCheckpointHook(interval=1, **(checkpoint or {})))
    return runner


def curve(runner, name='val/top1'):
    logs, counts = runner.message_hub.get_scalar(name).data
    return logs.tolist(), counts.tolist()


class FullDiskHook(Hook):
    """Keeps files from growing from the checkpoint of an epoch on, like a full disk."""

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch

    def before_save_checkpoint(self, runner, checkpoint) -> None:
        if runner.epoch + 1 == self.epoch:
            hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
            resource.setrlimit(resource.RLIMIT_FSIZE, (3000, hard))


@pytest.fixture
def disk():
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def names(folder):
    return sorted(path.name for path in folder.glob('*.pth*'))


def test_a_full_disk_leaves_the_last_checkpoint(tmp_path, disk):
    keep_one = dict(max_keep_ckpts=1, save_best='top1')
    build(tmp_path, epochs=2, checkpoint=keep_one).train()
    before = names(tmp_path)
    assert 'epoch_2.pth' in before and 'epoch_1.pth' not in before
    (tmp_path / 'epoch_3.pth.part').write_bytes(b'left by a run that was killed')
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    with pytest.raises(OSError, match='File too large'):
        build(tmp_path, 3, [FullDiskHook(3)], keep_one, resume=True).train()
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert names(tmp_path) == before
    assert find_last_checkpoint(tmp_path)[0] == f'{tmp_path}/epoch_2.pth'
    build(tmp_path, epochs=3, checkpoint=keep_one, resume=True).train()
    assert 'epoch_3.pth' in names(tmp_path) and 'epoch_2.pth' not in names(tmp_path)


def test_a_full_disk_leaves_the_best_checkpoint(tmp_path, disk):
    with pytest.raises(OSError, match='File too large'):
        build(tmp_path, 3, [FullDiskHook(3)], dict(save_best='top1'), metric='Growing').train()
    assert names(tmp_path) == ['best_top1_epoch_1.pth', 'epoch_1.pth', 'epoch_2.pth']


@pytest.mark.parametrize('where', ['before_val', 'after_val_epoch', 'before_train_epoch'])
def test_validation_that_was_cut_off_is_made_up_for(tmp_path, where):
    unbroken = build(tmp_path / 'unbroken')
    unbroken.train()
    with pytest.raises(Cut):
        build(tmp_path / 'cut', hooks=[CutHook(where, 2)]).train()
    resumed = build(tmp_path / 'cut', resume=True)
    resumed.train()
    assert curve(resumed) == curve(unbroken)
    assert curve(resumed, 'train/loss') == curve(unbroken, 'train/loss')
    states = [torch.load(r.work_dir + '/epoch_4.pth') for r in (unbroken, resumed)]
    assert str(states[0]['state_dict']) == str(states[1]['state_dict'])


def test_a_validation_that_was_saved_is_not_repeated(tmp_path):
    best = dict(save_best='top1', rule='less')  # saves again after a validation that is better
    build(tmp_path, epochs=1, checkpoint=best).train()
    resumed = build(tmp_path, epochs=2, checkpoint=best, resume=True)
    resumed.train()
    assert len(curve(resumed)[0]) == 2
