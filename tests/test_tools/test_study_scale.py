"""A study of the size of the training set, from its toy worlds to its figure."""

import csv
import re

import pytest
from helpers.commands import ROOT, tool

pytestmark = pytest.mark.slow

STUDY = """
data = dict(
    root={root!r} + '/world', toy=dict(num_videos=16, num_test=0, seed=1, size=64, duration=6)
)
evaluations = dict(
    labelled=dict(
        root={root!r} + '/labelled',
        toy=dict(num_videos=8, num_test=8, seed=2, size=64, duration=6),
        measures=('knn', 'neighbors'),
    )
)
seeds = (0,)
budget = dict(epochs=1)
options = {{
    'train_dataloader.dataset.pipeline.Resize.scale': (16, 16),
    'feature_pipeline.Resize.scale': (16, 16),
    'train_dataloader.num_workers': 0,
    'train_dataloader.persistent_workers': False,
    'val_dataloader': None,
    'val_cfg': None,
    'val_evaluator': None,
}}
variants = {{
    f'{{part}}_{{size}}': dict(
        config={tiny!r},
        epochs=16 // size,
        options={{
            'train_dataloader.dataset.indices': size,
            'model.queue.length': size // 2,
            'model.contrastive_head.negative_ranks': (3, size // 2),
            'model.contrastive_head.num_positives': number,
            'model.contrastive_head.neighbor_start_epoch': 0,
            'model.pretext_heads': None,
        }},
    )
    for size in (8, 16)
    for part, number in dict(without=0, neighbors=1).items()
}}
scale = dict(
    videos=(8, 16),
    gains=dict(neighbours=('neighbors', 'without')),
    figures=('labelled/knn_audio_label',),
    levels=('labelled/neighbors_positives_both',),
)
keep_samples = False
"""


@pytest.fixture(scope='module')
def out(tmp_path_factory):
    folder = tmp_path_factory.mktemp('scale')
    tiny = ROOT / 'configs/demo/avtss_tiny.py'
    (folder / 'mine.py').write_text(STUDY.format(root=str(folder), tiny=str(tiny)))
    tool('study.py', folder / 'mine.py', '--out', folder / 'out')
    return folder / 'out'


@pytest.fixture(scope='module')
def rows(out):
    with open(out / 'table.csv') as file:
        return {row['variant']: row for row in csv.DictReader(file)}


def test_sets_differ_and_steps_do_not(out, rows):
    assert {row['steps'] for name, row in rows.items() if '_' in name} == {'4'}
    assert '8 or 16 training videos; 1 or 2 epochs = 4 steps' in (out / 'table.md').read_text()
    for size in (8, 16):
        log = (out / f'without_{size}/seed0/train.log').read_text()
        assert f'0 of {size} files could not be read' in log


def test_gains_are_differences_of_the_table(out, rows):
    text = (out / 'table.md').read_text()
    gains = re.search(r'Gain in `labelled/knn_audio_label`.*?\| neighbours \|(.*?)\n', text, re.S)
    name = 'labelled/knn_audio_label'
    assert [float(cell) for cell in gains[1].strip(' |').split('|')] == pytest.approx(
        [float(rows[f'neighbors_{n}'][name]) - float(rows[f'without_{n}'][name]) for n in (8, 16)]
    )
    assert (out / 'scale.png').stat().st_size > 10_000


def test_purity_is_that_of_the_tool(out, rows):
    run = out / 'neighbors_16/seed0'
    checkpoint = run / 'train/epoch_1.pth'
    uncached = ('--cfg-options', 'train_dataloader.dataset.cache_dir=None')
    words = ('analysis_tools/neighbor_classes.py', run / 'config.py', checkpoint, *uncached)
    told = tool(*words).stdout
    cells = re.search(r'\| both agree \|(.*)', told)[1].strip(' |').split('|')
    row = {name.rpartition('/')[2]: value for name, value in rows['neighbors_16'].items()}
    expected = [float(row[f'neighbors_{side}_both']) for side in ('positives', 'negatives')]
    assert [float(cell) for cell in cells[:2]] == pytest.approx(expected, abs=5e-4)


def test_samples_are_removed_when_all_runs_are_done(out):
    kept = list((out / 'samples').rglob('*.pt'))
    assert (out / 'samples').exists() and not kept
