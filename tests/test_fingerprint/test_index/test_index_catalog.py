"""The catalog: its transactions, and the detection of damage."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from contextlib import contextmanager

import numpy as np
import pytest

from avtss_mm.errors import UsageError
from avtss_mm.fingerprint.index.catalog import Catalog
from avtss_mm.fingerprint.index.reading import readable


def some_tracks(seed, number=5):
    rng = np.random.default_rng(seed)
    times = np.arange(number)[:, None] + [0.0, 2.0]
    return {name: (times, rng.normal(size=(number, 8)), seed) for name in ('video', 'audio')}


@pytest.fixture
def path(tmp_path):
    catalog = Catalog(tmp_path / 'catalog.sqlite', write=True)
    catalog.set_metadata(checkpoint='a.pth', folders=['/x'])
    for seed in range(6):
        catalog.replace(f'/x/{seed} \udcff.mp4', f'{seed} 1', some_tracks(seed))
    catalog.close()
    return tmp_path / 'catalog.sqlite'


def content(catalog):
    """Reads everything from a catalog except ids."""
    rows = []
    for name, file in sorted(catalog.files.items()):
        for modality, track in sorted(file.tracks.items()):
            ((_, vectors),) = catalog.vectors([track])
            rows.append((name, file.stamp, modality, track.dropped, track.times.tobytes()))
            rows.append(vectors.tobytes())
    return rows


def test_what_is_put_in_comes_out(path):
    catalog = Catalog(path)
    assert catalog.metadata['folders'] == ['/x'] and len(catalog.files) == 6
    file = catalog.files['/x/3 \udcff.mp4']
    assert file.stamp == '3 1' and catalog.paths[file.id] == '/x/3 \udcff.mp4'
    times, vectors, dropped = some_tracks(3)['audio']
    track = file.tracks['audio']
    assert (track.times == times).all() and track.dropped == dropped
    ((_, found),) = catalog.vectors([track])
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, vectors, rtol=1e-3, atol=1e-4)  # float16
    ids = np.concatenate([track.chunk_ids for track in catalog.tracks_of('video')])
    ids = np.append(ids, np.concatenate([t.chunk_ids for t in catalog.tracks_of('audio')]))
    assert len(np.unique(ids)) == 60
    with pytest.raises(UsageError, match='readonly'):
        catalog.set_metadata(a=1)
    catalog.close()


def test_ids_are_never_used_twice(path):
    catalog = Catalog(path, write=True)
    before = set(catalog.tracks)
    revision = catalog.metadata['revision']
    catalog.remove(['/x/5 \udcff.mp4'])
    catalog.replace('/x/5 \udcff.mp4', 'new', some_tracks(5))
    catalog.replace('/x/0 \udcff.mp4', 'new', {})
    assert catalog.metadata['revision'] == revision + 3
    assert len(catalog.tracks) == 10 and len(set(catalog.tracks) - before) == 2
    assert min(set(catalog.tracks) - before) > max(before)
    catalog.close()
    again = Catalog(path)
    assert again.files['/x/0 \udcff.mp4'].tracks == {} and set(again.tracks) < before | {13, 14}


def test_a_change_that_fails_changes_nothing(path):
    catalog = Catalog(path, write=True)
    before = content(catalog)
    broken = some_tracks(9)
    broken['audio'] = (broken['audio'][0], [['not a number']], 0)
    with pytest.raises(ValueError):
        catalog.replace('/x/1 \udcff.mp4', 'new', broken)
    assert content(catalog) == before
    catalog.close()
    assert content(Catalog(path)) == before


@pytest.mark.parametrize(
    'damage',
    [
        "UPDATE files SET stamp = '9 9' WHERE id = 2",
        "UPDATE facts SET value = '[]' WHERE name = 'folders'",
        'UPDATE tracks SET times = zeroblob(80) WHERE id = 3',
        'UPDATE tracks SET file = 1 WHERE id = 3',
        'DELETE FROM tracks WHERE id = 4',
        'DELETE FROM facts WHERE name = "folders"',
        'DROP TABLE tracks',
        'CREATE TRIGGER t AFTER INSERT ON files BEGIN DELETE FROM tracks; END',
    ],
)
def test_a_row_that_was_tampered_with_is_noticed(path, damage):
    with sqlite3.connect(path) as database:
        database.execute(damage)
    database.close()
    with pytest.raises(UsageError, match='damaged.*--rebuild'):
        Catalog(path)


def test_vectors_that_were_tampered_with_are_noticed(path):
    with sqlite3.connect(path) as database:
        database.execute('UPDATE tracks SET vectors = zeroblob(80) WHERE id = 3')
    database.close()
    catalog = Catalog(path)
    with pytest.raises(UsageError, match='checksum of vectors'):
        list(catalog.vectors(catalog.tracks.values()))


def test_any_damage_to_the_file_is_refused_or_harmless(path):
    whole, rng = path.read_bytes(), np.random.default_rng(0)
    before = content(Catalog(path))
    refused = 0
    for _ in range(60):
        data = bytearray(whole)
        for place in rng.integers(0, len(data), rng.integers(1, 9)):
            data[place] = rng.integers(256)
        if rng.random() < 0.2:
            del data[rng.integers(len(data)) :]
        path.write_bytes(data)
        try:
            assert content(Catalog(path)) == before
        except UsageError:
            refused += 1
    assert refused > 10


@pytest.fixture
def nobody():
    """Gives up the rights of the administrator, to whom nothing is read-only."""
    if os.geteuid() == 0:
        os.seteuid(65534)
        yield
        os.seteuid(0)
    else:
        yield


def test_an_index_that_may_not_be_written_to_answers(path, nobody_may_write, nobody):
    catalog = Catalog(nobody_may_write)
    assert len(catalog.files) == 6 and len(list(catalog.vectors(catalog.tracks.values()))) == 12
    catalog.close()
    with pytest.raises(UsageError, match='cannot be') as error:
        Catalog(nobody_may_write, write=True).set_metadata(a=1)
    assert '--rebuild' not in str(error.value)


@pytest.fixture
def nobody_may_write(path):
    with tempfile.TemporaryDirectory() as folder:
        target = shutil.copy(path, folder)
        os.chmod(target, 0o444)
        os.chmod(folder, 0o555)
        yield target
        os.chmod(folder, 0o755)


def test_a_locked_index_is_not_called_damaged(path):
    with readable_error(sqlite3.OperationalError('database is locked')) as error:
        assert 'cannot be read' in error and '--rebuild' not in error
    with readable_error(sqlite3.DatabaseError('database disk image is malformed')) as error:
        assert '--rebuild' in error


@contextmanager
def readable_error(raised):
    with pytest.raises(UsageError) as error, readable('a/catalog.sqlite'):
        raise raised
    yield str(error.value)


def test_what_is_no_catalog_is_refused(tmp_path):
    with pytest.raises(UsageError, match='is not an index'):
        Catalog(tmp_path / 'catalog.sqlite')
    (tmp_path / 'catalog.sqlite').write_bytes(b'\x80\x04cos\nsystem\n' * 99)  # a pickle
    for write in (False, True):
        with pytest.raises(UsageError, match='damaged or not'):
            Catalog(tmp_path / 'catalog.sqlite', write)
