"""Both vector search libraries must meet the same tests."""

from __future__ import annotations

import subprocess
import tempfile

import numpy as np
import pytest
from helpers.fresh_python import ROOT, run_python
from helpers.small_index import CHUNKS, chunks, make_index

from avtss_mm.errors import UsageError
from avtss_mm.fingerprint.index.catalog import Catalog
from avtss_mm.fingerprint.index.faiss_index import FaissIndex
from avtss_mm.fingerprint.index.index import FingerprintIndex
from avtss_mm.fingerprint.index.index_whitening import update_whitening
from avtss_mm.fingerprint.index.vector_index import probes

DIM, COUNT = 32, 600


@pytest.fixture(scope='module')
def vectors():
    rows = np.random.default_rng(0).normal(size=(COUNT, DIM)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.fixture(scope='module')
def ids():
    return np.arange(COUNT) * 5 + (3 << 40)


@pytest.fixture(params=['faiss', 'milvus'])
def backend(request, tmp_path):
    if request.param == 'faiss':
        made = FaissIndex(DIM)
    else:
        pytest.importorskip('milvus_lite', reason='Milvus Lite is not installed')
        from avtss_mm.fingerprint.index.milvus_index import MilvusIndex

        made = MilvusIndex(DIM, str(tmp_path / 'milvus.db'), 'vectors')
    yield made
    made.close()


def exact(vectors, ids, asked, topk):
    similarity = asked @ vectors.T
    best = np.argsort(-similarity, axis=1)[:, :topk]
    return np.take_along_axis(similarity, best, axis=1), ids[best]


def assert_finds(backend, vectors, ids, asked, topk, exclude=None):
    similarity, found = backend.search(asked, topk, exclude)
    wanted = exact(vectors, ids, asked, topk)
    np.testing.assert_allclose(similarity, wanted[0], atol=1e-5)
    assert (found == wanted[1]).all()


def test_both_search_as_a_product_of_matrices_does(backend, vectors, ids):
    assert len(backend) == 0 and backend.ids().tolist() == []
    assert (backend.search(vectors[:2], 3)[1] == -1).all()
    backend.add(vectors[:400], ids[:400])
    backend.add(vectors[400:], ids[400:])
    assert len(backend) == COUNT and sorted(backend.ids()) == ids.tolist()
    asked = vectors[::5] + 0.05  # 120: more than one request
    assert_finds(backend, vectors, ids, asked, 7)
    assert (backend.search(asked, COUNT + 5)[1][:, -5:] == -1).all()

    some = slice(100, 300)
    left = np.delete(np.arange(COUNT), some)
    exclude = (ids[some][0], ids[some][-1] + 1)
    assert_finds(backend, vectors[left], ids[left], asked[:9], 7, exclude)
    backend.delete(np.append(ids[some], 12345))
    assert len(backend) == COUNT - 200 and sorted(backend.ids()) == ids[left].tolist()
    assert_finds(backend, vectors[left], ids[left], asked, 7)
    backend.add(vectors[some], ids[some])
    assert_finds(backend, vectors, ids, asked[:9], 7)
    assert backend.stats()['vectors'] == COUNT


def test_milvus_keeps_what_was_saved(tmp_path, vectors, ids):
    pytest.importorskip('milvus_lite', reason='Milvus Lite is not installed')
    from avtss_mm.fingerprint.index.milvus_index import MilvusIndex

    path = str(tmp_path / 'milvus.db')
    first = MilvusIndex(DIM, path, 'vectors')
    first.add(vectors, ids)
    first.save()
    first.close()
    again = MilvusIndex(DIM, path, 'vectors')
    assert_finds(again, vectors, ids, vectors[:5], 3)
    again.close()
    with pytest.raises(UsageError, match='does not open'):
        MilvusIndex(DIM, 'http://127.0.0.1:1', 'vectors')


SEARCH = """
import os
from helpers.fresh_python import ROOT, run_python
from helpers.small_index import chunks
from avtss_mm.fingerprint.index.index import FingerprintIndex
from avtss_mm.fingerprint.index.milvus_index import MilvusIndex
MilvusIndex(2, 'SCRATCH/milvus.db', 'vectors').close()  # imports what another user may not read
if os.geteuid() == 0:  # nothing is read-only to the administrator
    os.seteuid(65534)
with FingerprintIndex('FOLDER/INDEX') as index:
    asked = index.whiten('video', chunks(2)['video'][1])
    print(index.vectors('video').search(asked, 3)[1].tolist())
"""


@pytest.mark.slow
def test_milvus_that_may_not_be_written_to_answers_from_the_catalog(tmp_path):
    pytest.importorskip('milvus_lite', reason='Milvus Lite is not installed')
    with tempfile.TemporaryDirectory() as folder:  # unlike pytest's own, others may read it
        with make_index(f'{folder}/INDEX', [chunks(seed) for seed in range(4)]) as made:
            made.catalog.set_metadata(backend='milvus', collection='vectors')
            made.save()
            asked = made.whiten('video', chunks(2)['video'][1])
            wanted = made.vectors('video').search(asked, 3)[1].tolist()
        subprocess.run(['chmod', '-R', 'a+rX,a-w', folder], check=True)
        run = run_python(
            SEARCH.replace('FOLDER', folder).replace('SCRATCH', str(tmp_path)), ROOT / 'tests'
        )
        subprocess.run(['chmod', '-R', 'u+w', folder], check=True)
    assert run.stdout == f'{wanted}\n', run.stderr


@pytest.mark.parametrize('factory', ['IVF8,Flat', 'PCA16,IVF8,SQ8'])
def test_trained_faiss_is_read_back_only_as_it_was_saved(tmp_path, factory):
    rng = np.random.default_rng(1)
    vectors = rng.normal(size=(10_000, DIM)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    ids = np.arange(10_000) * 3
    path = tmp_path / 'video.faiss'
    made = FaissIndex(DIM, factory, path)
    assert made.training_size == 200_000
    made.train(vectors)
    made.add(vectors, ids)
    assert (made.search(vectors[:50], 1)[1][:, 0] == ids[:50]).mean() > 0.8
    assert (made.search(vectors[:50], 9, (0, 150))[1] >= 150).all()
    made.delete(ids[:50])
    assert sorted(made.ids()) == ids[50:].tolist()
    state = made.save()
    again = FaissIndex(DIM, factory, path, state)
    assert not again.training_size and sorted(again.ids()) == ids[50:].tolist()
    assert (again.search(vectors[:9], 4)[1] == made.search(vectors[:9], 4)[1]).all()

    assert len(FaissIndex(DIM, factory, path, 'another')) == 0
    path.write_bytes(path.read_bytes()[:-1] + b'?')
    assert len(FaissIndex(DIM, factory, path, state)) == 0


def test_too_few_to_train_are_searched_exactly(tmp_path, vectors, ids):
    made = FaissIndex(DIM, 'IVF64,SQ8', tmp_path / 'video.faiss')
    made.train(vectors)
    made.add(vectors, ids)
    assert_finds(made, vectors, ids, vectors[:20], 5)
    assert made.stats()['kind'] == 'Flat' and made.save() is None
    for factory in ('HNSW32', 'SQ8', 'nonsense'):  # the first two cannot delete
        with pytest.raises(UsageError, match='IVF1024,SQ8'):
            FaissIndex(DIM, factory)


def test_many_cells_are_trained_with_more_vectors_and_searched_by_share():
    many = FaissIndex(DIM, 'IVF4096,SQ8')
    assert many.training_size == 2 * 39 * 4096
    assert [probes(cells) for cells in (8, 1024, 4096, 16384)] == [8, 32, 128, 512]


def test_what_was_not_finished_goes_on(tmp_path, monkeypatch):
    pytest.importorskip('milvus_lite', reason='Milvus Lite is not installed')
    from avtss_mm.fingerprint.index import index as index_module
    from avtss_mm.fingerprint.index.milvus_index import MilvusIndex

    read, vectors, add = [], Catalog.vectors, MilvusIndex.add

    def noted(self, tracks):
        for track, rows in vectors(self, tracks):
            read.append(track.id)
            yield track, rows

    def add_until_the_third(self, vectors, ids):
        if len(read) > 3:  # the first is read to tell the dimension
            raise UsageError('gone')
        add(self, vectors, ids)

    monkeypatch.setattr(index_module, 'TRACKS', 1)
    files = [{'video': chunks(seed)['video']} for seed in range(6)]
    with make_index(tmp_path / 'INDEX', files) as made:
        made.catalog.set_metadata(backend='milvus', collection='vectors')
        monkeypatch.setattr(Catalog, 'vectors', noted)
        monkeypatch.setattr(MilvusIndex, 'add', add_until_the_third)
        with pytest.raises(UsageError, match='gone'):
            made.save()
        keys = [track.id for track in made.catalog.tracks_of('video')]
    monkeypatch.setattr(MilvusIndex, 'add', add)
    for added in ([], [6]):  # what is missing, then what is new
        read.clear()
        with FingerprintIndex(tmp_path / 'INDEX', write=True) as again:
            for seed in added:
                track = (*chunks(seed)['video'], 0)
                again.catalog.replace(f'/{seed:03d}.mp4', '0', dict(video=track))
            again.save()
            tracks = again.catalog.tracks_of('video')
            assert read[1:] == ([tracks[-1].id] if added else keys[2:])
            wanted = np.concatenate([track.chunk_ids for track in tracks])
            assert sorted(again.vectors('video').ids()) == sorted(wanted)


def test_a_reader_of_vectors_that_were_whitened_otherwise_asks_the_catalog(tmp_path):
    pytest.importorskip('milvus_lite', reason='Milvus Lite is not installed')
    files = [chunks(seed) for seed in range(4)]
    with make_index(tmp_path / 'INDEX', files) as made:
        made.catalog.set_metadata(backend='milvus', collection='vectors')
        made.save()
        for seed in range(4, 12):
            tracks = {name: (*track, 0) for name, track in chunks(seed).items()}
            made.catalog.replace(f'/{seed:03d}.mp4', '0', tracks)
        update_whitening(made.catalog)  # and was killed
        asked = made.whiten('video', chunks(9)['video'][1])
    with FingerprintIndex(tmp_path / 'INDEX') as reader:
        found = reader.vectors('video')
        assert found.stats()['backend'] == 'faiss' and len(found) == 12 * CHUNKS
        similarity, ids = found.search(asked, 1)
        assert (similarity > 0.999).all()
        assert set(reader.locate(ids[:, 0])[0]) == {reader.catalog.files['/009.mp4'].id}
