"""Training in two processes: what they share, and what happens if one cannot read any file."""

from __future__ import annotations

import json
import shutil

import pytest
import torch
from helpers.small_training import CONFIG, make_toy, train_on_ranks

pytestmark = pytest.mark.slow

ONE_CLIP = ['train_dataloader.batch_size=2']
BY_RANK = """
_base_ = ['CONFIG']
train_dataloader = dict(dataset=dict(data_root='FOLDER/{{$RANK:0}}'))
"""


@pytest.fixture(scope='module')
def toy(tmp_path_factory):
    return make_toy(tmp_path_factory.mktemp('toy'), num_videos=8)


def spoil(folder, names):
    for name in names:
        (folder / name).write_text('no video')


def names_in(toy):
    return [row['filename'] for row in json.loads((toy / 'train.json').read_text())['data_list']]


def test_two_processes_train_and_resume_on_the_cpu(toy, tmp_path):
    options = ['train_dataloader.batch_size=1', 'optim_wrapper.accumulative_counts=3']
    options.append('default_hooks.ema.type=EMAHook')
    result = train_on_ranks(toy, tmp_path, '--no-validate', epochs=2, options=options)
    assert result.returncode == 0, result.stderr[-3000:]
    checkpoint = torch.load(tmp_path / 'epoch_2.pth', weights_only=True)
    averaged, last = checkpoint['state_dict'], checkpoint['ema_state_dict']  # mmengine swaps them
    assert last['module.queues.video.num_enqueued'] == 16  # eight batches of two videos
    assert checkpoint['optimizer']['state'][0]['step'] == 3
    assert not averaged['backbone.stem.0.weight'].equal(last['module.backbone.stem.0.weight'])
    assert 'Epoch 2 in short' in result.stdout

    resume = ('--resume', tmp_path / 'epoch_1.pth')  # its fourth batch waits for a step
    train_on_ranks(toy, tmp_path / 'two', '--no-validate', *resume, epochs=2, options=options)
    resumed = torch.load(tmp_path / 'two/epoch_2.pth', weights_only=True)
    for part in ('state_dict', 'ema_state_dict'):
        for key, value in checkpoint[part].items():
            assert value.equal(resumed[part][key]), (part, key)


def test_one_process_without_a_readable_file_ends_both_by_name(toy, tmp_path):
    for rank in '01':
        shutil.copytree(toy, tmp_path / rank)
    names = names_in(toy)
    spoil(tmp_path / '1', names)
    config = tmp_path / 'by_rank.py'
    config.write_text(BY_RANK.replace('CONFIG', str(CONFIG)).replace('FOLDER', str(tmp_path)))
    result = train_on_ranks(
        toy, tmp_path / 'out', '--no-validate', config=config, epochs=2, options=ONE_CLIP
    )
    assert result.returncode != 0
    assert 'files could not be read, the last one' in result.stderr
    assert f'{tmp_path}/1/videos/train/' in result.stderr.partition('the last one')[2]
    for name in names:  # each, though mmengine is silent on all processes but the first
        assert f'skipped {tmp_path}/1/{name}: Invalid data' in result.stdout
    assert f'{tmp_path}/0/' not in result.stderr


def test_bad_samples_of_one_process_are_replaced_where_that_is_allowed(toy, tmp_path):
    shutil.copytree(toy, tmp_path / 'toy')
    names = names_in(toy)
    spoil(tmp_path / 'toy', names[1::2])  # what the second process gets, without shuffling
    options = [*ONE_CLIP, 'train_dataloader.sampler.shuffle=False']
    options += ['train_dataloader.dataset.max_bad_fraction=1']
    result = train_on_ranks(
        tmp_path / 'toy', tmp_path / 'out', '--no-validate', epochs=1, options=options
    )
    assert result.returncode == 0, result.stderr[-3000:]
    saved = torch.load(tmp_path / 'out/epoch_1.pth', weights_only=True)['state_dict']
    assert saved['queues.video.num_enqueued'] == 8
    assert all(value.isfinite().all() for value in saved.values())
    for name in names[1::2]:
        assert result.stdout.count(f'skipped {tmp_path}/toy/{name}: Invalid data') == 1
