"""The demo, as ``make demo`` runs it, with few videos and one epoch."""

import json

import pytest
from helpers.commands import tool

pytestmark = pytest.mark.slow


def test_the_demo_trains_evaluates_and_says_where_the_results_are(tmp_path):
    out = tmp_path / 'out'
    folders = ('--data', tmp_path / 'toy', '--work-dir', out)
    options = ('train_cfg.max_epochs=1', 'train_dataloader.batch_size=8')
    few = ('--num-videos', 32, '--num-test', 16)
    told = tool('demo.py', *folders, *few, '--cfg-options', *options).stdout
    assert [f'== {step} of 6: ' in told for step in range(1, 7)] == [True] * 6
    table = (out / 'results.md').read_text()
    assert table in told
    measured = json.loads((out / 'trained/metrics.json').read_text())['metrics']
    assert f'| {measured["knn/joint_top1"]:.3f} |' in table
    assert 'order_va' in table
    for name in ('curves.png', 'epoch_1.pth', 'inputs', 'results.md'):
        assert (out / name).exists() and str(out / name) in told


def test_the_demo_stops_at_the_first_command_that_fails(tmp_path):
    (tmp_path / 'toy').write_text('a file')
    done = tool('demo.py', '--data', tmp_path / 'toy', '--work-dir', tmp_path / 'out', check=False)
    assert done.returncode == 1
    assert 'error: tools/data/make_toy_dataset.py ended with code' in done.stderr
    assert '2 of 6' not in done.stdout
