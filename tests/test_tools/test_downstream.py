"""Downstream evaluation through the public commands: prepare, evaluate, fine-tune."""

import json
import os

import pytest
import torch
from helpers.commands import NO_WORKERS, ROOT, tool
from helpers.official_layouts import write_esc50, write_ucf101
from helpers.small_encoder import write_model

pytestmark = pytest.mark.slow

ONE_EPOCH = [
    *NO_WORKERS,
    'train_dataloader.batch_size=4',
    'train_cfg.max_epochs=1',
    'default_hooks.checkpoint.interval=1',
]


@pytest.fixture(scope='module')
def data(tmp_path_factory, make_video):
    root = tmp_path_factory.mktemp('data')
    write_ucf101(root / 'ucf101', make_video)
    write_esc50(root / 'esc50')
    for name in ('ucf101', 'esc50'):
        tool(f'data/prepare_{name}.py', root / name, '--workers', 1)
    return root


@pytest.fixture(scope='module')
def checkpoint(tmp_path_factory):
    return write_model(tmp_path_factory.mktemp('model'))[1]


def evaluate_all(data, out, checkpoint, *arguments, check=True):
    return tool(
        'evaluate_all.py', checkpoint, '--data-root', data, '--out', out, *arguments, check=check
    )


@pytest.fixture(scope='module')
def evaluated(data, checkpoint, tmp_path_factory):
    out = tmp_path_factory.mktemp('evaluated')
    names = ['ucf101-linear', 'ucf101-retrieval', 'esc50-linear', 'hmdb51-linear']
    arguments = ['--only', *names, '--cfg-options', *NO_WORKERS[2:]]
    return out, arguments, evaluate_all(data, out, checkpoint, *arguments).stdout


def test_all_protocols_in_one_table(evaluated):
    out, _, shown = evaluated
    results = json.loads((out / 'results.json').read_text())
    assert list(results) == ['ucf101-linear', 'ucf101-retrieval', 'esc50-linear']
    assert list(results['esc50-linear']) == [f'fold {k}' for k in range(1, 6)]
    table = (out / 'results.md').read_text()
    assert table in shown
    rows = {
        tuple(cell.strip() for cell in line.split('|')[1:3]): line for line in table.split('\n')
    }
    cells = [cell.strip() for cell in rows['ucf101-linear', 'video_svm_top1'].split('|')]
    each = [float(value) for value in cells[4].split(', ')]
    assert float(cells[3]) == pytest.approx(sum(each) / 3, abs=1e-4) and len(each) == 3
    assert cells[5] == '0.5000'  # chance
    assert cells[6] == '16 frames at 16 fps, 112 x 112, 10 clips x 1 crop'
    for k in (1, 5, 10, 20, 50):
        assert ('ucf101-retrieval', f'v2v_R@{k}') in rows
    noise_from_tone = rows['esc50-linear', 'audio_svm_top1'].split('|')[3]
    assert float(noise_from_tone) == 1
    assert 'prepare_hmdb51.py' in rows['hmdb51-linear', '-']


def test_networks_run_once_and_finished_splits_are_kept(evaluated, data, checkpoint):
    out, arguments, shown = evaluated
    # three linear splits and the retrieval share the features of 12 files; five folds those of 20
    assert shown.count('features read from') == 3 + 4
    (out / 'ucf101-linear/split2/metrics.json').unlink()
    before = (out / 'results.json').read_text()
    again = evaluate_all(data, out, checkpoint, *arguments).stdout
    assert again.count('$ python tools/test.py') == 1 and 'features read from' in again
    assert (out / 'results.json').read_text() == before


def test_results_of_other_weights_are_not_mixed(evaluated, data):
    out, arguments, _ = evaluated
    result = evaluate_all(data, out, 'random', *arguments, check=False)
    assert result.returncode == 1
    assert result.stderr.strip().splitlines()[-1].startswith(f'error: {out} has results of other')


def test_kept_features_change_nothing(evaluated, checkpoint, tmp_path):
    config = evaluated[0] / 'ucf101-linear/split3/r2plus1d_ucf101_split3.py'
    kept = json.loads((config.parent / 'metrics.json').read_text())
    tool('test.py', config, checkpoint, '--work-dir', tmp_path, '--cfg-options', *NO_WORKERS[2:])
    fresh = json.loads((tmp_path / 'metrics.json').read_text())
    assert fresh['metrics'] == kept['metrics']


def test_without_any_data(checkpoint, tmp_path):
    result = evaluate_all(tmp_path, tmp_path / 'out', checkpoint, check=False)
    assert result.returncode == 1 and 'Traceback' not in result.stderr
    assert 'error: no protocol has its data' in result.stderr
    assert 'python tools/data/prepare_esc50.py' in result.stderr


def test_a_kill_while_it_writes(checkpoint, tmp_path):
    script = tmp_path / 'killed.py'
    script.write_text(
        'import os, pathlib, sys\n'
        f'sys.path.insert(0, {str(ROOT / "tools")!r})\n'
        'import evaluate_all\n'
        'write = pathlib.Path.write_text\n'
        'def cut(path, text, **options):\n'
        '    write(path, text[:9], **options)\n'
        '    os._exit(9)\n'
        'pathlib.Path.write_text = cut\n'
        'evaluate_all.main()\n'
    )
    arguments = (checkpoint, '--data-root', tmp_path, '--out', tmp_path / 'out')
    assert tool(script, *arguments, check=False).returncode == 9
    again = tool('evaluate_all.py', *arguments, check=False)
    assert 'error: no protocol has its data' in again.stderr, again.stderr
    assert os.listdir(tmp_path / 'out') == ['origin.json']


def test_fine_tune_and_test_every_split(data, checkpoint, tmp_path):
    options = ['--cfg-options', *ONE_EPOCH]
    shown = evaluate_all(data, tmp_path, checkpoint, '--only', 'ucf101-finetune', *options).stdout
    results = json.loads((tmp_path / 'results.json').read_text())['ucf101-finetune']
    assert list(results) == ['split 1', 'split 2', 'split 3']
    for split in results.values():
        assert split['protocol']['crops'] == 3 and split['checkpoint'].endswith('epoch_1.pth')
        assert 0 <= split['metrics']['acc/top1'] <= 1 and split['metrics']['acc/chance'] == 0.5
    assert '16 frames at 16 fps, 112 x 112, 10 clips x 3 crops' in shown
    tuned = torch.load(tmp_path / 'ucf101-finetune/split1/epoch_1.pth', weights_only=True)
    before = torch.load(checkpoint, weights_only=True)['state_dict']
    moved = [k for k, v in tuned['state_dict'].items() if k in before and not v.allclose(before[k])]
    assert any(k.startswith('backbone.stem') for k in moved)


def test_a_frozen_backbone_does_not_move(data, checkpoint, tmp_path):
    config = ROOT / 'configs/finetune/r2plus1d_ucf101_split1.py'
    log = tool(
        'train.py', config, '--work-dir', tmp_path, '--cfg-options', *ONE_EPOCH,
        f'data_root={data / "ucf101"}', f'load_from={checkpoint}', 'model.cls_head.num_classes=2',
        'model.backbone.frozen_stages=4', 'model.backbone.stage_blocks=(1,1,1,1)',
        'model.backbone.base_channels=4', 'model.cls_head.in_channels=32',
    ).stdout  # fmt: skip
    assert 'backbone' in log
    before = torch.load(checkpoint, weights_only=True)['state_dict']
    after = torch.load(tmp_path / 'epoch_1.pth', weights_only=True)['state_dict']
    frozen = [name for name in after if name.startswith('backbone.')]
    assert any(name.endswith('running_var') for name in frozen)
    assert all(after[name].equal(before[name]) for name in frozen)  # also BatchNorm statistics
    assert not after['cls_head.fc_cls.bias'].equal(torch.zeros(2))
