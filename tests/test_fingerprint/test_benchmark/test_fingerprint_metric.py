"""The benchmark on hand-made features, for which all figures are known."""

import csv
import json

import numpy as np
import pytest
import torch
from torch.nn.functional import normalize

from avtss_mm.fingerprint.benchmark.fingerprint_metric import (
    FingerprintMetric,
    find_truths,
    hold_out,
)
from avtss_mm.fingerprint.benchmark.robustness_table import tabulate
from avtss_mm.fingerprint.benchmark.scores import Truth
from avtss_mm.fingerprint.benchmark.vsc import read_matches
from avtss_mm.fingerprint.index.index import FingerprintIndex
from avtss_mm.fingerprint.indexing import finish
from avtss_mm.fingerprint.search import match_chunks
from avtss_mm.fingerprint.through_tool import tool_answers

DIM = 24


def features(rng, num_chunks):
    """A random walk: chunks close in time are similar."""
    steps = rng.normal(size=(num_chunks * 2, DIM))
    return np.cumsum(steps, axis=0) * 0.3 + rng.normal(size=DIM)


def sample(subset, name, vectors, hop, sound=True, noise=0.0, rng=None, **fields):
    """Takes a chunk every ``hop`` seconds from vectors that are half a second apart."""
    vectors = vectors[:: round(hop * 2)]
    starts = np.arange(len(vectors)) * hop
    if noise:
        vectors = vectors + noise * rng.normal(size=vectors.shape)
    row = dict(
        subset=subset,
        filename=f'data/{name}',
        video_feat=torch.from_numpy(vectors).float(),
        clip_times=np.stack([starts, starts + 2], axis=1),
        has_audio=np.full(len(vectors), sound),
        **fields,
    )
    if sound:
        row['audio_feat'] = -row['video_feat']
    return row


@pytest.fixture
def samples():
    rng = np.random.default_rng(0)
    videos = [features(rng, 20) for _ in range(6)]
    rows = [sample('gallery', f'v/{i}.mp4', v, 1.0) for i, v in enumerate(videos)]
    for severity, noise in ((1, 0.05), (2, 30.0)):
        for i in range(5):
            labels = dict(distortion='crf', severity=severity, family='codec')
            rows.append(
                sample(
                    'query', f'q/{i}_{severity}.mp4', videos[i][4:30], 0.5, noise=noise, rng=rng,
                    source=f'v/{i}.mp4', modality_affected='v', **labels,
                    query_start=0.0, query_end=14.5, speed=1.0, offset=2.0,
                )
            )  # fmt: skip
    rows.append(sample('query', 'q/none.mp4', features(rng, 8), 0.5))
    return rows


def run(rows, **options):
    metric = FingerprintMetric(**options)
    metric.process({}, rows)
    return metric.evaluate(len(rows))


def test_whitening_takes_off_what_all_have_in_common():
    rng, rows = np.random.default_rng(0), []
    common, loud = rng.normal(size=DIM) * 5, rng.normal(size=DIM)
    for i in range(20):
        path = features(rng, 20) * 0.3
        gallery, query = (common + path + loud * rng.normal(0, 200, (len(path), 1)) for _ in 'gq')
        rows.append(sample('gallery', f'v/{i}.mp4', gallery, 1.0))
        rows.append(sample('query', f'q/{i}.mp4', query, 0.5, source=f'v/{i}.mp4'))
    plain, whitened = (run(rows, whiten=whiten)['fingerprint/v_R@1'] for whiten in (False, True))
    assert plain < 0.5 and whitened > plain + 0.3


def test_finds_copies_and_where_they_are(samples, tmp_path):
    got = run(samples, out_dir=str(tmp_path))
    table = json.loads((tmp_path / 'table.json').read_text())
    assert [(r['distortion'], r['severity'], r['modality']) for r in table] == [
        ('crf', severity, modality) for severity in (1, 2) for modality in ('v', 'a', 'av')
    ]
    clear, lost = (row for row in table if row['modality'] == 'v')
    assert clear['R@1'] == clear['within_1s'] == clear['segment_F1'] == clear['micro_AP'] == 1
    assert clear['offset_error'] < 0.3
    assert (clear['queries'], clear['negatives'], clear['FPR90']) == (5, 1, 0)
    assert lost['R@1'] < 0.8 and lost['within_1s'] < 0.5
    assert clear['R@1_10s'] == 1
    assert got['fingerprint/v_R@1'] == pytest.approx((1 + lost['R@1']) / 2)
    assert got['fingerprint/v_R@1_chance'] == pytest.approx(1 / 6)
    assert 'fingerprint/a_R@1' not in got  # crf leaves the sound as it is
    assert got['fingerprint/av_R@1'] == got['fingerprint/v_R@1']

    with open(tmp_path / 'table.csv', newline='') as file:
        rows = list(csv.DictReader(file))
    assert [float(row['R@1']) for row in rows] == [row['R@1'] for row in table]
    truth = read_matches(tmp_path / 'ground_truth.csv')
    assert len(truth) == 10 and (truth[0].ref_start, truth[0].ref_end) == (2.0, 16.5)
    found = {match.query_id: match for match in read_matches(tmp_path / 'matches_v.csv')}
    with open(tmp_path / 'ids.csv', newline='') as file:
        ids = {row['filename']: row['id'] for row in csv.DictReader(file)}
    match = found[ids['data/q/3_1.mp4']]
    assert match.ref_id == ids['data/v/3.mp4'] == 'R000003'
    assert match.ref_start == pytest.approx(2, abs=0.6)
    for name in ('heat_map.png', 'curves.png'):
        assert (tmp_path / name).stat().st_size > 5000


def test_other_methods_stand_beside(samples, tmp_path, caplog):
    run(samples, out_dir=str(tmp_path))
    got = run(samples, out_dir=str(tmp_path), others=dict(phash=str(tmp_path / 'table.json')))
    assert got['fingerprint/v_R@1'] < 1
    with pytest.raises(ValueError, match='not a table.json of FingerprintMetric'):
        run(samples, others=dict(phash=str(tmp_path / 'ids.csv')))


def test_held_out_sources_make_negatives(samples):
    rows = [row for row in samples if row['filename'] != 'data/q/none.mp4']
    metric = FingerprintMetric(held_out=0.4)
    metric.process({}, rows)
    got = metric.evaluate(len(rows))
    assert got['fingerprint/v_R@1_chance'] == pytest.approx(1 / 4)  # 2 of 5 sources, of 6 videos
    truths = [Truth((video,)) for video in (0, 1, 1, 2, 3, 4)] + [Truth()]
    assert hold_out(list('abcdefg'), truths, 0.4) == list('bdefg')


def test_duplicates_in_the_gallery_are_right_if_named(samples):
    twin = dict(samples[0], filename='data/v/twin.mp4')
    tied = run([*samples, twin])
    named = [
        dict(row, source=['v/0.mp4', 'twin.mp4']) if row.get('source') == 'v/0.mp4' else row
        for row in samples
    ]
    both = run([*named, twin])
    assert tied['fingerprint/v_R@1'] < both['fingerprint/v_R@1']


def test_background_is_taken_off(samples):
    rng = np.random.default_rng(9)
    background = [sample('background', 'b/0.mp4', features(rng, 20), 1.0)]
    plain, normalised = run(samples + background), run(samples + background, beta=1.0)
    assert normalised['fingerprint/v_R@1'] >= 0.5  # the clear half
    assert plain['fingerprint/v_micro_AP'] != normalised['fingerprint/v_micro_AP']
    with pytest.raises(ValueError, match="subset='background'"):
        run(samples, beta=1.0)


def test_video_only_and_queries_without_sound(samples):
    for row in samples:
        if row['subset'] == 'query':
            row.pop('audio_feat', None)
            row['has_audio'][:] = False
    got = run(samples)
    assert not any('/a_' in name for name in got)
    assert got['fingerprint/v_R@1'] == got['fingerprint/av_R@1']


def test_which_file_a_source_is():
    files = ['data/v/a/1.mp4', 'data/v/b/1.mp4', 'data/v/b/2.mp4']
    sources = ['a/1.mp4', '/root/data/v/b/1.mp4', '2.mp4', ['a/1.mp4', '2.mp4'], None, 'x.mp4']
    queries = [dict(filename=f'{i}.mp4', source=source) for i, source in enumerate(sources)]
    videos = [truth.videos for truth in find_truths(queries, files)]
    assert videos == [(0,), (1,), (2,), (0, 2), (), ()]
    with pytest.raises(ValueError, match='data/v/a/1.mp4 or data/v/b/1.mp4: give more'):
        find_truths([dict(filename='q.mp4', source='1.mp4')], files)
    with pytest.raises(ValueError, match='no query has a source that is in the gallery'):
        find_truths(queries[5:], files)


def test_says_what_is_missing(samples):
    with pytest.raises(ValueError, match="subset='gallery'"):
        run([row for row in samples if row['subset'] == 'query'])
    for row in samples:
        row['video_feat'] = row['video_feat'].mean(dim=0)
    with pytest.raises(ValueError, match='per_clip=True'):
        run(samples)


def test_rows_without_a_copy_are_left_out():
    assert tabulate([]) == []


def test_the_tool_has_a_column_and_figures_of_its_own(samples, tmp_path):
    figures = run(samples, through_tool=True, out_dir=str(tmp_path))
    plain = run(samples, out_dir=str(tmp_path))
    assert figures['fingerprint/avtss-fp_v_within_1s'] == 0.6  # all copies with little noise
    assert figures['fingerprint/avtss-fp_av_R@1'] >= 0.5
    assert {name: figures[name] for name in plain} == plain  # the others stay as they are


def unit_chunks(row):
    vectors = {name: normalize(row[f'{name}_feat']).numpy() for name in ('video', 'audio')}
    return {name: (row['clip_times'], unit) for name, unit in vectors.items()}


def test_the_tool_ranks_as_its_query_command_does(samples, tmp_path):
    gallery, *_ = sides = [[r for r in samples if r['subset'] == s] for s in ('gallery', 'query')]
    truths = find_truths(sides[1], [row['filename'] for row in gallery])
    answers = tool_answers(*sides, truths, ('filename',))['avtss-fp']
    with FingerprintIndex(tmp_path, write=True) as index:
        index.catalog.set_metadata(chunk=2.0)
        for row in gallery:
            index.catalog.replace(
                row['filename'], '0', {n: (*c, 0) for n, c in unit_chunks(row).items()}
            )
        finish(index)
        best = match_chunks(index, 'q', unit_chunks(sides[1][0]), threshold=0.0)[0]
    (both,) = (a for a in answers[:3] if a.labels['modality'] == 'av')
    assert both.rank == 1 and both.own_score == pytest.approx(best.score)
    assert (
        both.segment.video_start == pytest.approx(best.video_start) and best.video == 'data/v/0.mp4'
    )
