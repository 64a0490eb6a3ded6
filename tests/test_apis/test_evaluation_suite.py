"""The table of all protocols, with networks from the checkpoint's config."""

from pathlib import Path

import pytest

from avtss_mm.apis.evaluation_suite import PROTOCOLS, fit_networks, results_table
from avtss_mm.utils.config import read_config

CONFIGS = Path(__file__).parents[2] / 'configs'


def config(name):
    return read_config(str(CONFIGS / name))


def test_every_config_of_a_protocol_is_there():
    names = [name for protocol in PROTOCOLS for name in protocol.configs.values()]
    assert all((CONFIGS / name).is_file() for name in names) and len(names) == len(set(names))
    judged = {'linear', 'retrieval', 'finetune'}
    ours = {str(p.relative_to(CONFIGS)) for folder in judged for p in (CONFIGS / folder).iterdir()}
    assert {name for name in ours if name.endswith('.py')} == set(names)


def split(value, chance=0.25):
    return dict(protocol=dict(clips=10), metrics={'linear/a_top1': value, 'linear/chance': chance})


def row(table, protocol):
    line = next(line for line in table.splitlines() if line.startswith(f'| {protocol} '))
    return [cell.strip() for cell in line.strip('|').split('|')]


def test_mean_only_of_all_splits():
    done = {f'split {k}': split(k / 10) for k in (1, 2, 3)}
    table = results_table({'ucf101-linear': done}, {'esc50-linear': 'no esc50'})
    assert row(table, 'ucf101-linear') == [
        'ucf101-linear', 'a_top1', '0.2000', '0.1000, 0.2000, 0.3000', '0.2500', '10 clips'
    ]  # fmt: skip
    assert row(table, 'esc50-linear')[1:] == ['-'] * 4 + ['no esc50']
    del done['split 2']
    table = results_table({'ucf101-linear': done}, {})
    assert row(table, 'ucf101-linear')[2:4] == ['-', '0.1000, -, 0.3000']


@pytest.mark.parametrize('protocol', [p for p in PROTOCOLS if p.data != 'hmdb51'])
def test_networks_of_the_checkpoint(protocol):
    toy = config('demo/avtss_toy.py')
    cfg = fit_networks(config(next(iter(protocol.configs.values()))), toy)
    if protocol.data == 'esc50':
        assert cfg.model.backbone is None and cfg.model.audio_backbone.depth == 10
        steps = {step.type: step for step in cfg.test_dataloader.dataset.pipeline}
        assert steps['MelSpectrogram'].num_mels == 64
    else:
        assert cfg.model.backbone.base_channels == 16
    if protocol.train:
        assert cfg.model.cls_head.in_channels == 128 and cfg.model.cls_head.num_classes == 101
    if 'neck' in cfg.model and protocol.data == 'vggsound':
        assert cfg.model.neck.in_channels == 128 and cfg.model.audio_neck.in_channels == 256
