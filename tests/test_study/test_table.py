"""Table and figure of runs with known results."""

import csv

import pytest
from matplotlib import pyplot as plt
from mmengine.config import Config

from avtss_mm.study.plan import read_study
from avtss_mm.study.report.figure import BETTER, SAME, WORSE, _judge, draw_study
from avtss_mm.study.report.table import cell, summarise, write_tables
from avtss_mm.study.results import is_finished, read_results, write_results

FACTS = dict(
    steps=750,
    batch_size=16,
    videos=dict(train=400, gallery=300, query=100),
    software=dict(torch='2.9', commit='abc'),
    seconds=dict(knn=2.0, reach=0.5),
)
KNN = {('random', 0): 0.1, ('random', 1): 0.2, ('a', 0): 0.4, ('a', 1): 0.5, ('b', 0): 0.3}
REACHED = {('a', 0): 10.0, ('a', 1): None, ('b', 0): 5.0}


@pytest.fixture
def study(tmp_path):
    variants = {name: dict(config='x.py') for name in 'ab'}
    values = dict(
        data=dict(root='d'), seeds=(0, 1), budget=dict(epochs=30), variants=variants,
        measures=('knn', 'reach'), reach=dict(video=0.3),
    )  # fmt: skip
    study = read_study(Config(values), tmp_path, 'mine')
    for run in study.runs():
        key = run.variant.name, run.seed
        if key in KNN:
            knn = dict(knn_video_label=KNN[key], knn_video_label_chance=0.0625)
            reach = dict(epochs_to_video=REACHED[key]) if key in REACHED else {}
            groups = dict(knn=knn, reach=reach)
            settings = {name: study.settings(name) for name in groups}
            write_results(run, dict(settings=settings, groups=groups, facts=FACTS))
    return study


def rows_of(text):
    return [
        [cell.strip() for cell in line.split('|')[1:-1]]
        for line in text.splitlines()
        if line.startswith('| ')
    ]


def test_mean_and_sample_deviation_over_seeds(study):
    text = write_tables(study, summarise(study), 'the command', {'b seed 1': 'it broke'})
    assert rows_of(text) == [
        ['', 'knn_video_label'],
        ['---', '---'],
        ['chance', '0.062'],
        ['random', '0.150 ± 0.071'],
        ['a', '0.450 ± 0.071'],
        ['b', '0.300'],  # one seed has no spread
        ['', 'epochs_to_video'],
        ['---', '---'],
        ['random', '-'],
        ['a', '1 of 2'],
        ['b', '5.0'],
    ]
    for words in ('5 of 6 runs', 'Not measured (seeds): b (1)', 'Failed: b seed 1: it broke'):
        assert words in text
    assert '0.050 at 0.5, 0.030 at 0.1' in text  # of 100 test videos
    assert '30 epochs = 750 steps of 16 videos' in text
    assert '`the command`; torch 2.9, commit abc' in text


def test_further_data_has_a_prefix_and_its_own_standard_error(study, tmp_path):
    values = _file_to_dict(study)
    esc = dict(
        measures=('knn', 'synchrony'), gallery=['a.json', 'b.json'], query=['c.json', 'd.json']
    )
    both = read_study(Config({**values, 'evaluations': dict(esc=esc)}), tmp_path / 'both', 'mine')
    run = both.runs()[1]
    groups = {'knn': dict(knn_video_label=0.4), 'esc/knn': {'esc/knn_audio_label': 0.7}}
    ranks = {'esc/sync_top1': 0.5, 'esc/sync_rank': 1.2}
    groups['esc/synchrony'] = ranks
    videos = {**FACTS['videos'], 'esc/gallery': 50, 'esc/query': 25}
    settings = {name: both.settings(name) for name in groups}
    write_results(run, dict(settings=settings, groups=groups, facts={**FACTS, 'videos': videos}))
    assert summarise(both).low_is_good == {'esc/sync_rank'}
    text = write_tables(both, summarise(both), 'the command', {})
    assert ['', 'esc/knn_audio_label'] in rows_of(text) and ['a', '0.700'] in rows_of(text)
    assert '\nesc: k-NN accuracy' in text and '\nk-NN accuracy' in text
    assert 'esc: 50 files in the gallery, 25 queries in 2 folds' in text and '0.100 at 0.5' in text
    assert '- 300 files in the gallery, 100 queries: ' in text
    rows = list(csv.DictReader((both.out / 'table.csv').open()))
    assert rows[1]['esc/knn_audio_label'] == '0.7' and rows[1]['knn_video_label'] == '0.4'


def test_every_run_is_in_the_csv(study):
    write_tables(study, summarise(study), 'the command', {})
    rows = list(csv.DictReader((study.out / 'table.csv').open()))
    assert [(r['variant'], r['seed']) for r in rows[1:]] == [
        ('random', '0'), ('a', '0'), ('b', '0'), ('random', '1'), ('a', '1'),
    ]  # fmt: skip
    assert rows[0]['variant'] == 'chance' and float(rows[0]['knn_video_label']) == 0.0625
    assert float(rows[2]['knn_video_label']) == 0.4 and rows[2]['measure_seconds'] == '2.5'
    assert rows[4]['epochs_to_video'] == ''


def test_nothing_measured_yet(study, tmp_path):
    empty = read_study(Config(dict(_file_to_dict(study))), tmp_path / 'empty', 'mine')
    text = write_tables(empty, summarise(empty), 'the command', {})
    assert '(no figures)' in text and '0 of 6 runs' in text


def _file_to_dict(study):
    variants = {k: dict(config=v.config) for k, v in study.variants.items()}
    return dict(
        data=dict(root='d'), seeds=study.seeds, budget=dict(epochs=30), variants=variants,
        measures=study.evaluations[''].measures,
    )  # fmt: skip


def test_figures_of_other_settings_do_not_count(study, tmp_path):
    run = study.runs()[0]
    assert is_finished(study, run) and not is_finished(study, study.runs()[5])
    values = {**_file_to_dict(study), 'reach': dict(video=0.4)}
    changed = read_study(Config(values), tmp_path, 'mine')
    assert list(read_results(changed, run)['groups']) == ['knn'] and not is_finished(changed, run)
    changed = read_study(Config({**values, 'data': dict(root='d', query='q.json')}), tmp_path, 'm')
    assert read_results(changed, run) is None


def test_cells():
    assert cell([]) == '-' and cell([None, None]) == '0 of 2'
    assert cell([0.5]) == '0.500' and cell([1.0, 3.0], 1) == '2.0 ± 1.4'


def test_figure(study, tmp_path, monkeypatch):
    summary = summarise(study)
    path = tmp_path / 'figure.png'
    drawn = []
    monkeypatch.setattr(plt, 'close', drawn.append)
    variants = list(study.variants)
    draw_study(summary.values, summary.chance, variants, path, low_is_good=summary.low_is_good)
    assert path.stat().st_size > 10_000
    titles = [axis.get_title('left') for axis in drawn[0].axes]
    assert titles == ['knn_video_label', 'epochs_to_video (low is good)']
    assert list(tmp_path.glob('*.part*')) == []
    monkeypatch.undo()
    plt.close(drawn[0])


@pytest.mark.parametrize(
    'points, low_is_good, color',
    [
        ((0.5, 0.6), False, BETTER),
        ((0.35, 0.6), False, SAME),
        ((0.1, 0.2), False, WORSE),
        ((0.1, 0.2), True, BETTER),
    ],
)
def test_what_counts_as_better(points, low_is_good, color):
    import numpy as np

    assert _judge(np.array(points), np.array([0.3, 0.4]), low_is_good) == color
