"""Pictures of the similarity of chunks."""

from __future__ import annotations

import base64

import numpy as np
import pytest
from helpers.match_pages import chunks

from avtss_mm.fingerprint.page.matrix import similarity_picture


def test_matrix_is_bright_where_chunks_are_equal_and_blank_where_there_is_none():
    times, vectors = chunks(10, hop=0.5)
    kept = [0, 1, 2, 3, 7, 8, 9]  # three were dropped
    picture = similarity_picture((times[kept], vectors[kept]), chunks(6))
    levels = np.frombuffer(base64.b64decode(picture['values']), np.uint8).reshape(10, 6)[::-1]
    bright = np.argwhere(levels == 255).tolist()
    assert bright == [[i, i] for i in range(4)]
    assert (levels[4:7] == 0).all() and (levels[[0, 3, 7, 9]] > 0).all()
    assert [picture[edge] for edge in ('bottom', 'top')] == [0.75, 5.75]
    assert [picture[edge] for edge in ('left', 'right')] == [0.5, 6.5]
    assert (picture['low'], picture['high']) == (0, 1)


def test_long_videos_make_matrices_of_bounded_size_that_keep_the_best():
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(5000, 16)).astype('f')
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    times = np.arange(5000)[:, None] + [0, 2]
    picture = similarity_picture((times[:3] / 2, vectors[2500:2503]), (times, vectors))
    assert picture['columns'] <= 800 and len(picture['src']) < 10_000
    levels = np.frombuffer(base64.b64decode(picture['values']), np.uint8).reshape(3, -1)
    share = levels.argmax(axis=1) / picture['columns']
    np.testing.assert_allclose(share, 0.5, atol=0.002)


def test_chunks_that_do_not_fit_are_refused():
    times, vectors = chunks(4)
    with pytest.raises(ValueError, match='32 dimensions, those of the video 8'):
        similarity_picture((times, vectors), chunks(4, dimensions=8))
    with pytest.raises(ValueError, match=r'have \(3, 2\) and \(4, 32\)'):
        similarity_picture((times[:3], vectors), (times, vectors))
