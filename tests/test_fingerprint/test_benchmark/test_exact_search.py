"""Exact search compared with plain loops, and the fusion of the two modalities."""

import numpy as np
import pytest

from avtss_mm.fingerprint.benchmark.exact_search import Gallery, chunk_vectors, exact_search

SIZES = dict(v=4, a=3)
WEIGHTS = dict(v=2.0, a=1.0)


def make_row(rng, num_chunks, sound=True):
    row = dict(
        clip_times=np.arange(num_chunks)[:, None] + [0.0, 2.0],
        video_feat=rng.normal(size=(num_chunks, 4)),
        has_audio=np.full(num_chunks, bool(sound)),
    )
    if sound is not None:
        row['audio_feat'] = rng.normal(size=(num_chunks, 3))
    return row


def cosine(a, b):
    return a @ b / np.linalg.norm(a) / np.linalg.norm(b)


def slow_similarity(query, i, known, j, modality):
    def one(side):
        name = dict(v='video_feat', a='audio_feat')[side]
        if side == 'a' and (name not in known or not known['has_audio'][j]):
            return 0.0
        return cosine(query[name][i], known[name][j])

    asked = [s for s in modality if s == 'v' or ('audio_feat' in query and query['has_audio'][i])]
    if modality != 'av':
        return one(modality)
    return sum(WEIGHTS[s] * one(s) for s in asked) / sum(WEIGHTS[s] for s in asked)


@pytest.mark.parametrize('modality', ['v', 'a', 'av'])
def test_equals_plain_loops(modality):
    rng = np.random.default_rng(0)
    gallery = [make_row(rng, n, sound) for n, sound in ((5, 1), (1, 1), (7, 0), (3, None), (4, 1))]
    gallery[4]['has_audio'][1:3] = False
    queries = [make_row(rng, n) for n in (6, 1)]
    known = Gallery.of([chunk_vectors(row, modality, WEIGHTS, SIZES, False) for row in gallery])
    asked = [chunk_vectors(row, modality, WEIGHTS, SIZES, True) for row in queries]
    results = list(exact_search(known, asked, topk=4, chunks_at_once=4))
    assert [len(r.best) for r in results] == [6, 1]
    for query, result in zip(queries, results):
        for i, time in enumerate(query['clip_times'].mean(axis=1)):
            similar = [
                (slow_similarity(query, i, row, j, modality), v, row['clip_times'][j].mean())
                for v, row in enumerate(gallery)
                for j in range(len(row['clip_times']))
                if modality != 'a' or ('audio_feat' in row and row['has_audio'][j])
            ]
            for v in range(len(gallery)):
                expected = max((s for s, owner, _ in similar if owner == v), default=-np.inf)
                assert result.best[i, v] == pytest.approx(expected, abs=1e-5)
            mine = result.hits.query_time == time
            hits = result.hits.take(mine)
            nearest = sorted(similar, reverse=True)[:4]
            assert hits.similarity == pytest.approx([s for s, _, _ in nearest], abs=1e-5)
            assert hits.video.tolist() == [v for _, v, _ in nearest]
            assert hits.video_time.tolist() == [t for _, _, t in nearest]


def test_a_muted_query_is_compared_by_its_picture():
    rng = np.random.default_rng(1)
    known = make_row(rng, 3)
    muted = dict(make_row(rng, 2), has_audio=np.array([False, True]))
    _, vectors = chunk_vectors(muted, 'av', WEIGHTS, SIZES, True)
    _, references = chunk_vectors(known, 'av', WEIGHTS, SIZES, False)
    got = (vectors @ references.T).numpy()
    picture = [cosine(muted['video_feat'][0], v) for v in known['video_feat']]
    assert got[0] == pytest.approx(picture, abs=1e-6)
    assert len(chunk_vectors(muted, 'a', WEIGHTS, SIZES, True)[0]) == 1
