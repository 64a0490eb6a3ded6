"""Pre-training through the public commands, on real files."""

import json
import re
from pathlib import Path

import pytest
import torch
from helpers.commands import ROOT, tool
from helpers.small_training import CONFIG, make_toy, train

from avtss_mm.utils.config import read_config

pytestmark = pytest.mark.slow


@pytest.fixture(scope='module')
def toy(tmp_path_factory):
    return make_toy(tmp_path_factory.mktemp('toy'))


@pytest.fixture(scope='module')
def unbroken(toy, tmp_path_factory):
    work_dir = tmp_path_factory.mktemp('unbroken')
    return work_dir, train(toy, work_dir).stdout


def test_log_shows_what_a_user_looks_for(unbroken):
    work_dir, log = unbroken
    assert 'k-NN monitor on the initial weights' in log
    summary = [line for line in log.splitlines() if 'in short' in line]
    assert len(summary) == 4
    for task, chance in dict(speed_v='0.25', direction_a='0.50', order_va='0.33').items():
        assert re.search(rf'{task} \d\.\d\d \({chance}\)', summary[-1])
    assert 'with sound 100%, skipped 0' in summary[-1]
    assert re.search(r'knn/joint_top1 \d\.\d{3} \(initial weights \d\.\d{3}\)', log)
    assert all(word in log for word in ('eta:', 'data_time:', 'top1_v2a:', 'feat_std_v:'))
    assert (work_dir / 'curves.png').stat().st_size > 10_000
    assert list(work_dir.rglob('events.out.tfevents*'))


def test_neighbours_join_when_the_queue_is_full(unbroken):
    work_dir, _ = unbroken
    rows = [json.loads(line) for line in next(work_dir.rglob('scalars.json')).open()]
    chance = [row['chance_nce'] for row in rows if 'chance_nce' in row]
    # 4 steps an epoch; the queue of 8 is full after two, epoch 1 may begin
    assert chance[3] == pytest.approx(torch.tensor(4.0).log().item(), abs=1e-3)
    assert chance[-1] > chance[3]


def test_resumed_equals_unbroken_bit_for_bit(toy, unbroken, tmp_path):
    train(toy, tmp_path, epochs=2)
    train(toy, tmp_path, '--resume', options=['val_dataloader.batch_size=3'])
    one = torch.load(unbroken[0] / 'epoch_4.pth', weights_only=True)
    two = torch.load(tmp_path / 'epoch_4.pth', weights_only=True)
    assert one['state_dict'].keys() == two['state_dict'].keys()
    for key, value in one['state_dict'].items():  # weights, statistics, queues and their ids
        assert value.equal(two['state_dict'][key]), key
    for key, state in one['optimizer']['state'].items():
        for name, value in state.items():
            assert torch.as_tensor(value).equal(two['optimizer']['state'][key][name]), (key, name)
    assert one['param_schedulers'] == two['param_schedulers']
    # the curves are those of one run: the same samples in the same order gave the same losses
    logged = ('loss', 'loss_v2v', 'acc_order_va', 'skipped_share')
    for name in (*(f'train/{key}' for key in logged), 'val/knn/joint_top1'):
        histories = [c['message_hub']['log_scalars'][name] for c in (one, two)]
        assert str(histories[0]) == str(histories[1])


def test_another_seed_is_another_run(toy, unbroken, tmp_path):
    train(toy, tmp_path, '--seed', 5, epochs=1)
    one = torch.load(unbroken[0] / 'epoch_1.pth', weights_only=True)['state_dict']
    two = torch.load(tmp_path / 'epoch_1.pth', weights_only=True)['state_dict']
    assert not one['queues.video.features'].equal(two['queues.video.features'])
    assert not one['queues.video.ids'].equal(two['queues.video.ids'])  # another order of samples


@pytest.mark.parametrize('workers', [0, 4])
def test_number_of_workers_changes_nothing(toy, unbroken, tmp_path, workers):
    options = [f'train_dataloader.num_workers={workers}']
    options += [f'train_dataloader.persistent_workers={workers > 0}']
    train(toy, tmp_path, '--no-validate', epochs=1, options=options)
    one = torch.load(unbroken[0] / 'epoch_1.pth', weights_only=True)['state_dict']
    two = torch.load(tmp_path / 'epoch_1.pth', weights_only=True)['state_dict']
    assert all(value.equal(two[key]) for key, value in one.items())


def test_testing_a_checkpoint_and_random_weights(toy, unbroken, tmp_path):
    results = {}
    for weights in (unbroken[0] / 'epoch_4.pth', 'random'):
        work_dir = tmp_path / Path(weights).stem
        printed = tool(
            'test.py', CONFIG, weights, '--work-dir', work_dir,
            '--cfg-options', f'data_root={toy}',
        ).stdout  # fmt: skip
        results[str(weights)] = json.loads((work_dir / 'metrics.json').read_text())['metrics']
        assert 'knn/joint_top1' in printed and 'knn/chance' in printed
    # the weights are those asked for: the same figures as in the monitor of the training run
    rows = [json.loads(line) for line in next(unbroken[0].rglob('scalars.json')).open()]
    monitored = [row for row in rows if 'knn/chance' in row]
    for result, row in zip(results.values(), (monitored[-1], monitored[0])):
        assert result == {key: pytest.approx(row[key]) for key in result}


def test_pretext_heads_on_test_videos(toy, unbroken, tmp_path):
    cfg = read_config(str(ROOT / 'configs/demo/avtss_toy_pretext.py'))
    cfg.model = {**read_config(str(CONFIG)).model, 'test_cfg': cfg.model.test_cfg}
    cfg.dump(tmp_path / 'pretext.py')
    tool(
        'test.py', tmp_path / 'pretext.py', unbroken[0] / 'epoch_4.pth',
        '--work-dir', tmp_path, '--cfg-options', f'data_root={toy}',
    )  # fmt: skip
    metrics = json.loads((tmp_path / 'metrics.json').read_text())['metrics']
    tasks = [k for k in metrics if not k.endswith('_chance')]
    assert len(tasks) == 7 and all(0 <= metrics[k] <= 1 for k in tasks)
    assert 0.25 <= metrics['pretext/speed_v_chance'] <= 0.7


def losses(checkpoint):
    hub = torch.load(checkpoint, weights_only=True)['message_hub']
    return hub['log_scalars']['train/loss']['log_history']


def test_compiled_training_gives_the_same_losses(toy, unbroken, tmp_path):
    train(toy, tmp_path, '--no-validate', epochs=1, options=['compile.backend=eager'])
    expected = losses(unbroken[0] / 'epoch_1.pth')
    assert losses(tmp_path / 'epoch_1.pth').allclose(expected, rtol=1e-3)


def test_gradient_accumulation_and_scaled_lr(toy, tmp_path):
    options = ['optim_wrapper.accumulative_counts=2', 'auto_scale_lr.base_batch_size=8']
    log = train(toy, tmp_path, '--no-validate', '--auto-scale-lr', epochs=1, options=options).stdout
    optimizer = torch.load(tmp_path / 'epoch_1.pth', weights_only=True)['optimizer']
    steps = {state['step'].item() for state in optimizer['state'].values()}
    assert steps == {2}  # four batches, two of them a step
    assert 'Scaling the original LR by 0.5' in log
