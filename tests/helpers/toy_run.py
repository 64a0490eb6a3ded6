"""A network that trains in a second, for tests and for configs (`custom_imports`)."""

from __future__ import annotations

import time

import torch
from mmengine.evaluator import BaseMetric
from mmengine.model import BaseModel
from mmengine.registry import DATASETS, METRICS, MODELS
from mmengine.runner import Runner
from torch import nn
from torch.utils.data import Dataset

import avtss_mm  # noqa: F401


@DATASETS.register_module(force=True)
class ToyDataset(Dataset):
    metainfo = dict(classes=('even', 'odd'))

    def __init__(self, seconds: float = 0) -> None:
        self.seconds = seconds

    def __len__(self) -> int:
        return 12

    def __getitem__(self, index: int) -> dict:
        time.sleep(self.seconds)
        generator = torch.Generator().manual_seed(index)
        return dict(inputs=torch.randn(3, generator=generator), label=index % 2)


@MODELS.register_module(force=True)
class ToyModel(BaseModel):
    def __init__(self, norm: str = 'BatchNorm1d', seconds: float = 0) -> None:
        super().__init__()
        self.seconds = seconds
        self.norm = getattr(nn, norm)(3)
        self.classifier = nn.Linear(3, 2)

    def forward(self, inputs, label, mode='tensor'):
        time.sleep(self.seconds)
        scores = self.classifier(self.norm(inputs))
        if mode == 'loss':
            return dict(loss=nn.functional.cross_entropy(scores, label))
        return [dict(correct=bool(row.argmax() == y)) for row, y in zip(scores, label)]


@METRICS.register_module(force=True)
class ToyAccuracy(BaseMetric):
    def process(self, data_batch, data_samples) -> None:
        self.results.extend(sample['correct'] for sample in data_samples)

    def compute_metrics(self, results) -> dict:
        return dict(top1=sum(results) / len(results))


def build_runner(work_dir, epochs: int, name: str, kind=Runner, loader=(), **options) -> Runner:
    """Builds a runner on the toy data; ``name`` keeps the curves of two runners apart."""
    torch.manual_seed(0)
    settings = dict(
        model=ToyModel(),
        work_dir=str(work_dir),
        experiment_name=name,
        train_dataloader=dict(
            dataset=ToyDataset(),
            batch_size=2,
            sampler=dict(type='DefaultSampler', shuffle=True),
            collate_fn=dict(type='default_collate'),
        ),
        train_cfg=dict(by_epoch=True, max_epochs=epochs),
        optim_wrapper=dict(optimizer=dict(type='AdamW', lr=0.01)),
        param_scheduler=dict(type='CosineAnnealingLR', T_max=4),
        default_hooks=dict(logger=dict(type='LoggerHook', interval=1)),
        randomness=dict(seed=0),
    )
    settings['train_dataloader'].update(loader)
    return kind(**{**settings, **options})


def curves_of(runner) -> dict:
    return {
        key: [part.tolist() for part in buffer.data]
        for key, buffer in runner.message_hub.log_scalars.items()
        if 'time' not in key
    }


def equal_states(first, second) -> bool:
    return first.keys() == second.keys() and all(torch.equal(first[k], second[k]) for k in first)
