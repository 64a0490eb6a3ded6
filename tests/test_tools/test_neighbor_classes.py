"""The tool on a checkpoint and real files."""

import pytest
from helpers.commands import tool
from helpers.small_encoder import write_model
from helpers.small_training import make_toy

pytestmark = pytest.mark.slow

NAME = 'analysis_tools/neighbor_classes.py'


@pytest.fixture(scope='module')
def arguments(tmp_path_factory):
    folder = tmp_path_factory.mktemp('neighbors')
    config, checkpoint = write_model(folder / 'model')
    make_toy(folder / 'toy')
    head = 'model.contrastive_head'
    options = (f'data_root={folder / "toy"}', f'{head}.negative_ranks=(4,8)')
    return config, checkpoint, '--cfg-options', 'train_dataloader.num_workers=0', *options


def test_table(arguments):
    printed = tool(NAME, *arguments, 'model.queue.length=15').stdout
    title, _, *rows = printed[printed.index('| share of') :].strip().splitlines()
    assert 'positives (1 to 3) | negatives (4 to 8) | whole queue' in title
    cells = [[cell.strip() for cell in row.strip('|').split('|')] for row in rows]
    assert [row[0] for row in cells] == ['video', 'audio', 'both agree']
    assert all(0 <= float(value) <= 1 for row in cells for value in row[1:])
    assert {row[3] for row in cells} == {'0.000'}  # 16 videos of 16 classes


def test_what_is_wrong_is_said(arguments):
    failed = tool(NAME, *arguments, 'model.queue.length=16', check=False)
    assert failed.returncode and 'a queue of 16 needs more than the 16 videos' in failed.stderr
    failed = tool(NAME, *arguments, 'model.queue=None', check=False)
    assert failed.returncode and 'no contrastive_head with a queue' in failed.stderr
