"""The smallest speed benchmarks: what they report, never how long it took."""

from __future__ import annotations

import json

import pytest
from helpers.commands import ROOT, tool
from helpers.distinct_media import write_distinct

from avtss_mm.fingerprint.choices import installed

pytestmark = pytest.mark.slow


@pytest.fixture
def measured(tmp_path):
    """Runs a benchmark and returns its tables."""

    def run(name: str, *arguments) -> dict[str, list[dict]]:
        out = tmp_path / 'out'
        words = (*arguments, '--out', out, '--small', '--repeat', 1)
        done = tool(f'benchmarks/{name}.py', *words, starts_fresh=name == 'start_up')
        report = json.loads((out / f'{name}.json').read_text())
        assert {'machine', 'torch', 'avtss-mm'} <= report['facts'].keys()
        for title in report['tables']:
            assert title in done.stdout and title in (out / f'{name}.md').read_text()
        return report['tables']

    return run


def by(rows: list[dict], key: str) -> dict:
    return {row[key]: row for row in rows}


def test_loading(measured, make_video, tmp_path):
    for number in range(4):
        name = tmp_path / 'media' / f'{number}.mp4'
        make_video(name, duration=10, size=(96, 128), audio='noise')
    tables = measured('loading', tmp_path / 'media')
    for kind in ('GOP 12', 'GOP 250', 'as it is'):
        runs = by(tables[f'{kind}: ms a sample, one process'], 'run')
        assert runs['decoder alone']['x decoder alone'] == 1
        assert {'ours', "mmaction2's PyAV pipeline, no sound"} <= runs.keys()
        loaders = by(tables[f'{kind}: ms a sample, workers'], 'run')
        assert loaders['ours, 1']['efficiency'] == 1 != loaders['ours, 2']['efficiency']
        spent = by(tables[f'{kind}: where the milliseconds go'], 'step')
        parts = ('AVInit', 'AVDecode', 'MelSpectrogram', 'PackActionInputs')
        assert spent['all transforms']['CPU ms'] > sum(spent[part]['CPU ms'] for part in parts) > 0
    sets = tables['What a prepared set buys']
    assert [row['run'] for row in sets] == ['as it is', 'short side 256', 'short side 128']
    assert all(row['MB a file'] > 0 for row in sets)


def test_scaling(measured, tmp_path):
    rows = [dict(run='decoder alone', median=40.0), dict(run='ours', median=50.0)]
    loading = tmp_path / 'loading.json'
    loading.write_text(json.dumps(dict(tables={'GOP 12: ms a sample, one process': rows})))
    options = ('--loading', loading, '--tflops', 10, 20, '--gpus', 1, 8, '--mb', 2)
    tables = measured('scaling', *options)
    one, eight, twice, _ = tables['What a training needs']
    assert one['network MB/s a GPU'] == 0 < eight['network MB/s a GPU']
    for key in ('videos a second', 'cores to decode', 'disk MB/s'):
        assert eight[key] == pytest.approx(8 * one[key])
        assert twice[key] == pytest.approx(2 * one[key])
    assert one['cores to decode'] == pytest.approx(one['videos a second'] * 0.05)
    assert by(tables['Disk'], 'data set')['Kinetics-400']['GB'] == 2 * 240
    hours = by(tables['Hours an epoch'], 'GPUs')[8]
    assert hours['AudioSet'] > hours['Kinetics-400'] > hours['VGG-Sound'] > 0


def test_training_step(measured):
    tables = measured('training_step', '--batch', 2, '--memory', 2, '--allocator')
    (title,) = (title for title in tables if title.endswith(': ms'))
    assert title.startswith('avtss_toy, 2 x 2 clips')
    runs = by(tables[title], 'run')
    assert runs['encoders']['x encoders'] == 1 and 'whole step, channels-last' in runs
    (memory,) = tables['avtss_toy: peak MB of a step above the imports']
    assert memory['clips'] == 4
    assert min(memory['given back to the system'], memory['kept']) > 10
    (title,) = (title for title in tables if title.endswith('is kept for the next'))
    given_back, kept = tables[title]
    assert kept['run'] == 'kept' and kept['peak MB'] > 10
    assert kept['x given back to the system'] == pytest.approx(
        kept['median'] / given_back['median']
    )


def test_start_up(measured):
    (rows,) = measured('start_up', '--workers', 1).values()
    few, many, difference = rows
    assert (few['rows'], many['rows']) == (16, 20_000)
    assert difference['MB'] == pytest.approx(many['MB'] - few['MB'])


def test_ranks(measured):
    (rows,) = measured('ranks').values()
    runs = by(rows, 'run')
    assert list(runs) == ['one process', 'two ranks', 'two trainings']
    ratio = runs['two ranks']['videos a second'] / runs['one process']['videos a second']
    assert runs['two ranks']['efficiency'] == pytest.approx(ratio / 2)


def test_fingerprint_threshold(measured, make_video, tmp_path):
    for number in range(3):
        name = tmp_path / 'clips' / f'{number}.mp4'
        make_video(name, duration=4, size=(96, 128), audio='noise', seed=number)
    options = ('--checkpoint', 'random', '--config', ROOT / 'configs/demo/avtss_tiny.py')
    rows, by_distortion = measured('fingerprint_threshold', tmp_path / 'clips', *options).values()
    found = [(row['files'], row['by']) for row in rows if row['descriptors'] == 'learned']
    assert found == [(1, 'picture'), (1, 'sound'), (1, 'both')]
    kinds = {row['descriptors'] for row in rows}
    assert ('perceptual hash' in kinds, 'Chromaprint' in kinds) == (
        'phash' in installed(),
        'chromaprint' in installed(),
    )
    assert all(0 < row['threshold'] < 1 for row in rows)
    assert {row['strangers matched'].split(' of ')[1] for row in rows} == {str(12 * 2)}
    assert [row['distortion'] for row in by_distortion][-2:] == ['flip', 'letterbox']
    copies = [row['copies found'] for row in rows if row['by'] == 'picture']
    total = sum(int(row['learned: picture'].split(' of ')[1]) for row in by_distortion)
    assert copies[0].split(' of ')[1] == str(total)


def test_fingerprint_index(measured, make_video, tmp_path):
    for number in range(2):
        name = tmp_path / 'clips' / f'{number}.mp4'
        make_video(name, duration=4, size=(96, 128), audio='noise', seed=number)
    options = ('--vectors', 200, '--clips', tmp_path / 'clips')
    (rows,) = measured('fingerprint_index', *options).values()
    kinds = by(rows, 'descriptors')
    assert ('perceptual hash' in kinds, 'Chromaprint' in kinds) == (
        'phash' in installed(),
        'chromaprint' in installed(),
    )
    for row in kinds.values():
        parts = [row[f'{name}, ms/s'] for name in ('decode', 'describe', 'write')]
        assert min(parts) > 0 and row['search 200 chunks, ms'] > 0
        assert row['hours in a core hour'] == pytest.approx(1e3 / sum(parts))


def test_fingerprint_short(measured, tmp_path):
    for seed in range(3):
        write_distinct(tmp_path / 'clips' / f'{seed}.mp4', seed, end=10)
    found, thresholds = measured('fingerprint_short', tmp_path / 'clips').values()
    rows = by(found, 'case')
    row = rows['reference of 8 s, query of 10 s']
    assert row['found by picture, sound, both'] == '3, 3, 3 of 3'
    assert (row['wrong matches'], row['wrong speed'], row['outside the file']) == (0, 0, 0)
    assert row['largest error s'] < 0.3
    nothing = rows['query of 5 s, still picture, muted']
    assert nothing['found by picture, sound, both'] == '0, 0, 0 of 3'
    assert nothing['median error s'] is None
    twins = rows['each file twice in the index, query of 5 s']['found by picture, sound, both']
    assert twins.endswith(' of 6')
    assert [row['files'] for row in thresholds] == [1, 3, 6]
    assert [row['indices'] for row in thresholds][::2] == [3, 1]


def test_all_go_into_one_report(tmp_path):
    names = ('feature_queue', 'evaluation')
    done = tool(
        'benchmarks/run_all.py', '--out', tmp_path, '--small', '--repeat', 1, '--only', *names
    )
    report = json.loads((tmp_path / 'bench.json').read_text())
    assert tuple(report) == names
    text = (tmp_path / 'bench.md').read_text()
    assert report['evaluation']['facts']['machine'] in text
    for name in names:
        assert f'## {name}' in text and f'{name}: ' in done.stdout
        assert all(f'\n{title}:\n' in text for title in report[name]['tables'])


def test_a_benchmark_that_fails_is_named(tmp_path):
    options = ('--samples', tmp_path, '--small', '--only', 'loading')
    done = tool('benchmarks/run_all.py', '--out', tmp_path / 'out', *options, check=False)
    assert done.returncode == 1
    assert 'error: 0 videos of 10 s with sound below' in done.stderr
    assert 'error: failed: loading' in done.stderr


def test_sources(measured, make_video, tmp_path):
    for number in range(2):
        make_video(tmp_path / f'loose/{number}.mp4', duration=4, size=(48, 64), audio='noise')
    tool('data/build_manifest.py', tmp_path / 'loose', '--workers', 1)
    words = (tmp_path / 'loose/manifest.json', '-o', tmp_path / 'shards', '--workers', 1)
    tool('data/make_shards.py', *words)
    options = (tmp_path / 'loose', '--shards', tmp_path / 'shards', '--delay', 0.001)
    (rows,) = measured('sources', *options).values()
    assert [row['requests a sample'] for row in rows] == [0, 0, 1, 1]
    assert rows[3]['MB a sample'] > rows[2]['MB a sample'] > 0


def test_many_rows(measured, make_video, tmp_path):
    video = make_video(tmp_path / 'v.mp4', duration=4, size=(32, 32), audio='noise')
    tables = list(measured('many_rows', video).values())
    assert [row['rows'] for row in tables[0]] == [1900, 1511, 1900]
    assert tables[1][0]['MB of the rows'] > 0


def test_vector_recall(measured):
    (rows,) = measured('vector_recall', '--queries', 102).values()
    exact, *others = rows
    assert (exact['index'], exact['recall'], exact['copy first']) == ('Flat', 1, 1)
    for kind in ('IVF64,SQ8', 'HNSW16'):
        recall = [row['recall'] for row in others if row['index'] == kind]
        assert len(recall) > 3 and recall[0] < recall[-1] <= 1


def test_many_vectors(measured, tmp_path):
    tables = measured('many_vectors', tmp_path / 'index', '--factory', 'IVF4,SQ8')
    steps, (queries,) = tables.values()
    assert len(steps) == 6 and all(row['s'] > 0 for row in steps)
    assert queries['copies found'] > 0.9 and not (tmp_path / 'index').exists()
