"""One pool of processes reads files of one part and of many parts."""

from __future__ import annotations

import numpy as np
import pytest
from helpers.small_encoder import write_model

from avtss_mm.apis import Embedder
from avtss_mm.apis.clip_reader import ClipReader
from avtss_mm.apis.embed_files import embed_files
from avtss_mm.errors import MediaError
from avtss_mm.workers.guarded_map import GuardedWorker


@pytest.fixture(scope='module')
def embedder(tmp_path_factory):
    """An embedder with a clip every half second and two clips per batch."""
    checkpoint = write_model(tmp_path_factory.mktemp('model'))[1]
    return Embedder(checkpoint, device='cpu', batch_size=2, stride=0.5)


@pytest.fixture(scope='module')
def videos(make_video, tmp_path_factory):
    folder = tmp_path_factory.mktemp('videos')
    return [str(make_video(folder / f'{d}.mp4', d, size=(64, 96))) for d in (5, 1, 4)]


class BreaksLate:
    """A reader that cannot read the third part of long files."""

    def __init__(self, reader: ClipReader) -> None:
        self.reader = reader

    def read(self, path, size, first=0, duration=None):
        for clips in self.reader.read(path, size, first, duration):
            if first == 4:
                raise MediaError(path, 'broken here')
            yield clips
            first += len(clips)


@pytest.mark.parametrize('workers', [1, 2])
def test_one_pool_reads_all_parts(embedder, videos, workers, monkeypatch):
    started, start = [], GuardedWorker._start
    monkeypatch.setattr(GuardedWorker, '_start', lambda w: started.append(w) or start(w))
    found = dict(embed_files(embedder, videos, workers=workers))
    assert len(started) == workers
    assert set(found) == set(videos)
    for path, features in found.items():
        for name, clips in embedder.embed(path).items():
            np.testing.assert_array_equal(features[name].times, clips.times)
            np.testing.assert_allclose(features[name].feat, clips.feat, atol=1e-5)


def test_a_file_that_breaks_late_is_one_failure(embedder, videos):
    reader = BreaksLate(embedder.clip_reader(embedder.modalities))
    found = list(embed_files(embedder, videos, workers=2, reader=reader))
    assert sorted(path for path, _ in found) == sorted(videos)
    failed = {path: result for path, result in found if isinstance(result, MediaError)}
    assert set(failed) == {videos[0], videos[2]} and 'broken here' in str(failed[videos[0]])
