"""Tables are read back as they were written."""

import io
import tracemalloc
import zipfile

import numpy as np
import pytest

from avtss_mm.files.feature_file import load_features, save_features


@pytest.fixture
def table():
    rng = np.random.default_rng(0)
    feat = rng.normal(size=(5, 3)).astype(np.float32)
    feat[2] = np.nan
    columns = dict(
        filename=np.array(['a b.mp4', 'ü/#1.wav', 'ü/#1.wav', 'c', 'd']),
        label=np.array([3, 1, 1, -1, 0]),
        start=rng.random(5),
        audio_feat=feat,
        audio_embedding=rng.normal(size=(5, 2)).astype(np.float32),
    )
    return columns, dict(config='my config.py', classes=['x', 'y'], depth=dict(a=1))


@pytest.mark.parametrize('suffix', ['.parquet', '.npz'])
def test_round_trip(table, tmp_path, suffix):
    save_features(tmp_path / f'out{suffix}', *table)
    columns, metadata = load_features(tmp_path / f'out{suffix}')
    assert metadata == table[1] and list(columns) == list(table[0])
    for name, values in table[0].items():
        assert columns[name].dtype.kind == values.dtype.kind, name
        np.testing.assert_array_equal(columns[name], values)
    assert columns['audio_feat'].dtype == np.float32
    assert [path.name for path in tmp_path.iterdir()] == [f'out{suffix}']


def test_what_is_no_table_is_refused(table, tmp_path):
    with pytest.raises(ValueError, match=r'out.csv: the name must end with .parquet or .npz'):
        save_features(tmp_path / 'out.csv', *table)
    np.savez(tmp_path / 'other.npz', x=np.zeros(2))
    (tmp_path / 'other.parquet').write_bytes(b'nothing')
    for path in tmp_path.iterdir():
        with pytest.raises(ValueError, match=f'{path.name} is not a file of'):
            load_features(path)
    for name in ('absent.npz', 'absent.parquet'):
        with pytest.raises(FileNotFoundError, match=name):
            load_features(tmp_path / name)


@pytest.mark.parametrize('lie', ['zeros that were packed', 'a header of another size'])
def test_what_would_fill_the_memory_is_refused_first(tmp_path, lie):
    path = tmp_path / 'bomb.npz'
    head = io.BytesIO()
    rows = 2**27 if lie.startswith('zeros') else 2**36
    shape = dict(descr='<f4', fortran_order=False, shape=(rows,))
    np.lib.format.write_array_header_1_0(head, shape)
    with zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED) as archive:
        with archive.open('start.npy', 'w') as file:
            file.write(head.getvalue())
            for _ in range(512 if lie.startswith('zeros') else 1):
                file.write(bytes(2**20))
    tracemalloc.start()
    reason = 'would become' if lie.startswith('zeros') else ''
    with pytest.raises(ValueError, match=f'bomb.npz is not a file of .*{reason}'):
        load_features(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**24 or lie.startswith('a header')


def test_features_that_somebody_packed_are_read(table, tmp_path):
    columns, metadata = table
    np.savez_compressed(tmp_path / 'a.npz', **columns, metadata=np.array('{"a": 1}'))
    assert load_features(tmp_path / 'a.npz')[1] == dict(a=1)
