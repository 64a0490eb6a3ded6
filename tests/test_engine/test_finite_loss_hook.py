"""Non-finite losses, gradients and weights in real training loops."""

import pytest
import torch
from mmaction.structures import ActionDataSample
from mmengine.hooks import Hook
from mmengine.model import BaseModel
from mmengine.runner import Runner
from torch import nn
from torch.utils.data import Dataset

from avtss_mm.engine import DurableCheckpointHook, FiniteLossHook, TrainingStoppedError


class Sounds(Dataset):
    metainfo: dict = {}

    def __len__(self) -> int:
        return 6

    def __getitem__(self, index: int) -> dict:
        sample = ActionDataSample(metainfo=dict(filename=f'{index}.wav'))
        return dict(inputs=dict(audios=torch.full((2,), index + 1.0)), data_samples=sample)


class Model(BaseModel):
    """A model that records the batches in a buffer and in its BatchNorm statistics."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(2)
        self.fc = nn.Linear(2, 1)
        self.register_buffer('memory', torch.zeros(2))

    def forward(self, inputs, data_samples, mode='loss'):
        x = torch.stack(inputs['audios'])
        self.memory = self.memory + x.mean(0)  # not in place, as FeatureQueue
        return dict(loss=self.fc(self.norm(x)).square().mean())


class SpoilHook(Hook):
    """Spoils the input or the gradients of some steps, or the weights after a step."""

    def __init__(self, inputs=(), gradients=(), weights=()) -> None:
        self.inputs, self.gradients, self.weights = inputs, gradients, weights

    def before_train(self, runner) -> None:
        def spoil(gradient):
            return gradient * torch.inf if runner.iter + 1 in self.gradients else gradient

        runner.model.fc.weight.register_hook(spoil)

    def before_train_iter(self, runner, batch_idx, data_batch=None) -> None:
        if runner.iter + 1 in self.inputs:
            data_batch['inputs']['audios'][0][0] = torch.nan

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None) -> None:
        if runner.iter + 1 in self.weights:
            runner.model.fc.weight.data.fill_(torch.nan)


def build(work_dir, spoil, skip=None, epochs=3, **options):
    return Runner(
        model=Model(),
        work_dir=str(work_dir),
        train_dataloader=dict(
            dataset=Sounds(),
            batch_size=2,
            sampler=dict(type='DefaultSampler', shuffle=False),
            collate_fn=dict(type='pseudo_collate'),
        ),
        train_cfg=dict(by_epoch=True, max_epochs=epochs),
        optim_wrapper=dict(optimizer=dict(type='AdamW', lr=0.1), **options),
        default_hooks=dict(checkpoint=DurableCheckpointHook(interval=1)),
        custom_hooks=[spoil, FiniteLossHook(**(skip or {}))],
        randomness=dict(seed=0),
        experiment_name=str(work_dir),
    )


def test_it_stops_with_the_names_before_an_epoch_is_saved(tmp_path):
    with pytest.raises(TrainingStoppedError) as caught:
        build(tmp_path, SpoilHook(inputs=[5])).train()
    text = str(caught.value)
    assert 'the loss is nan in epoch 2, iteration 5 (before: ' in text
    assert 'batch: 2.wav (input not finite), 3.wav.' in text and 'max_skipped' in text
    assert not (tmp_path / 'epoch_2.pth').exists()
    weights = torch.load(tmp_path / 'epoch_1.pth')['state_dict']
    assert all(value.isfinite().all() for value in weights.values())


def test_it_looks_every_few_steps(tmp_path):
    runner = build(tmp_path, SpoilHook(inputs=[1]), skip=dict(interval=2))
    with pytest.raises(TrainingStoppedError, match='iteration 1'):
        runner.train()
    assert runner.iter == 1  # in the second step


def test_weights_that_are_not_finite_are_never_saved(tmp_path):
    with pytest.raises(TrainingStoppedError, match='fc.weight is not finite after epoch 2'):
        build(tmp_path, SpoilHook(weights=[6])).train()
    assert [path.name for path in tmp_path.glob('*.pth*')] == ['epoch_1.pth']
    assert (tmp_path / 'last_checkpoint').read_text().endswith('epoch_1.pth')


@pytest.mark.parametrize('spoiled', [dict(inputs=[3]), dict(gradients=[3])])
def test_a_skipped_step_changes_nothing(tmp_path, spoiled):
    runner = build(tmp_path, SpoilHook(**spoiled), skip=dict(max_skipped=1), epochs=1)
    states = []

    class Remember(Hook):
        priority = 'LOWEST'

        def after_train_iter(self, runner, **kwargs):
            states.append({k: v.clone() for k, v in runner.model.state_dict().items()})

    runner.register_hook(Remember())
    runner.train()
    kept = states[0].keys() if 'inputs' in spoiled else ('fc.weight', 'fc.bias', 'norm.weight')
    assert all(states[1][key].equal(states[2][key]) for key in kept)
    assert not states[0]['fc.weight'].equal(states[1]['fc.weight'])
    assert runner.message_hub.get_info('skipped_steps') == 1


def test_accumulated_gradients_leave_the_bad_batch_out(tmp_path):
    spoil, skip = SpoilHook(inputs=[2]), dict(max_skipped=1)
    runner = build(tmp_path, spoil, skip, epochs=2, accumulative_counts=2)
    runner.train()
    assert all(value.isfinite().all() for value in runner.model.state_dict().values())
    steps = {state['step'].item() for state in runner.optim_wrapper.optimizer.state.values()}
    assert steps == {2}  # of five batches


def test_too_many_in_a_row(tmp_path):
    spoil = SpoilHook(inputs=[2, 4, 5, 6])
    with pytest.raises(TrainingStoppedError, match='after 2 steps that were skipped'):
        build(tmp_path, spoil, skip=dict(max_skipped=2)).train()
