"""Lists of files as a data set reads them: manifests and text, also from untrusted sources."""

import copy
import json
import os
import os.path as osp
import pickle
import sys

import numpy as np
import pytest
from helpers.fresh_python import run_python
from helpers.hostile import write_pickle
from mmengine.dataset import BaseDataset

from avtss_mm.datasets.video_list import pack_rows, parse_line, read_list
from avtss_mm.errors import ManifestError
from avtss_mm.media import save_manifest


@pytest.mark.parametrize(
    ('line', 'name', 'label'),
    [
        ('a b.mp4 3', 'a b.mp4', 3),
        ('a.mp4', 'a.mp4', None),
        ('a.mp4\t-1\r', 'a.mp4', -1),
        ('my clip ²', 'my clip ²', None),
        ('a.mp4 --5', 'a.mp4 --5', None),
        ('7', '7', None),
        ('a.mp4,3', 'a.mp4', 3),
        ('a b, c.mp4 , 3\r', 'a b, c.mp4', 3),
        ('a,3', 'a,3', None),
        ('a.v1/b,3', 'a.v1/b,3', None),
        ('a,3.mp4', 'a,3.mp4', None),
        ('a,3 4', 'a,3', 4),
        ('a\u2028b\x0c.mp4 1', 'a\u2028b\x0c.mp4', 1),
    ],
)
def test_lines(tmp_path, line, name, label):
    row = dict(filename=name) if label is None else dict(filename=name, label=label)
    assert parse_line(line) == row
    (tmp_path / 'list.txt').write_bytes(f'\n{line}\n\n{line}'.encode())
    assert read_list(str(tmp_path / 'list.txt')) == ([row, row], {})


def test_names_that_are_not_unicode(tmp_path):
    (tmp_path / 'list.txt').write_bytes(b'\xef\xbb\xbfcaf\xe9.mp4 2\r\n')
    name = os.fsdecode(b'caf\xe9.mp4')
    assert read_list(str(tmp_path / 'list.txt'))[0] == [dict(filename=name, label=2)]


@pytest.mark.parametrize(
    ('data', 'message'),
    [
        (b'a.mp4 1\n\n../b.mp4 2', r'list.txt, line 3: .*allow_outside'),
        (b'/abs.mp4', 'list.txt, line 1: .*leads out of .*allow_outside'),
        (b'a.mp4 4294967296', 'list.txt, line 1: label is 4294967296'),
        ('a.mp4 1'.encode('utf-16'), 'list.txt is not text in UTF-8'),
        (pickle.dumps(dict(data_list=[0] * 9), protocol=4), 'list.txt is not text'),
    ],
)
def test_lists_that_are_none(tmp_path, data, message):
    (tmp_path / 'list.txt').write_bytes(data)
    with pytest.raises(ManifestError, match=message):
        read_list(str(tmp_path / 'list.txt'), str(tmp_path))


@pytest.mark.parametrize('name', ['list.pkl', 'LIST.PICKLE', 'list.json'])
def test_a_pickle_is_not_opened(tmp_path, name):
    write_pickle(tmp_path / name, tmp_path / 'marker')
    with pytest.raises(ManifestError, match='is a pickle|not a manifest'):
        read_list(str(tmp_path / name))
    assert not (tmp_path / 'marker').exists()


def test_the_data_set_keeps_to_its_folder(make, videos, tmp_path):
    rows = json.loads((videos / 'manifest.json').read_text())['data_list']
    absolute = [dict(row, filename=str(videos / row['filename'])) for row in rows]
    write_manifest(tmp_path / 'm.json', absolute)
    assert make(tmp_path / 'm.json').get_data_info(0)['filename'] == absolute[0]['filename']

    outside = str(videos.parent / 'x.mp4')
    write_manifest(tmp_path / 'm.json', [dict(rows[0], filename=outside)])
    with pytest.raises(ManifestError, match=r'm.json, row 1: .*x.mp4.* allow_outside'):
        make(tmp_path / 'm.json')
    for free in (dict(allow_outside=True), dict(data_root='')):
        assert make(tmp_path / 'm.json', **free).get_data_info(0)['filename'] == outside
    (tmp_path / 'list.txt').write_text('noise.mp4 0\n../x.mp4 1')
    with pytest.raises(ManifestError, match='list.txt, line 2'):
        make(tmp_path / 'list.txt')
    (tmp_path / 'list.pkl').write_bytes(b'')
    with pytest.raises(ManifestError, match='is a pickle'):
        make(tmp_path / 'list.pkl')


def test_rows_are_packed_as_mmengine_unpacks_them(make, videos):
    rows, _ = read_list(str(videos / 'manifest.json'))
    dataset = make(videos / 'manifest.json')
    assert len(dataset) == len(rows) > 1
    assert [osp.basename(dataset.get_data_info(i)['filename']) for i in range(len(rows))] == [
        osp.basename(row['filename']) for row in rows
    ]
    assert not dataset.data_list  # what workers would copy
    data_bytes, ends = pack_rows(rows)
    dataset.data_list = copy.deepcopy(rows)
    for ours, theirs in zip((data_bytes, ends), BaseDataset._serialize_data(dataset)):
        np.testing.assert_array_equal(ours, theirs)


def write_manifest(path, rows):
    path.write_text(json.dumps(dict(metainfo={}, data_list=rows)))


READ = """
from pathlib import Path
from avtss_mm.datasets import AudioVisualDataset
from avtss_mm.engine.memory import keep_freed_memory

def used():
    return int(Path('/proc/self/statm').read_text().split()[1]) * 4096

assert keep_freed_memory()  # as a training on the CPU does
AudioVisualDataset('few.json', [], data_root='FOLDER', timeout=None)
before = used()
dataset = AudioVisualDataset('many.json', [], data_root='FOLDER', timeout=None)
print((used() - before) / dataset.data_bytes.nbytes)
"""


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith('linux'), reason='glibc only')
def test_of_a_long_list_only_the_packed_rows_stay_in_memory(tmp_path):
    facts = dict(duration=10.0, has_audio=True, silent=False, width=340, height=256, label=0)
    rows = [dict(facts, filename=f'a class of videos/{i:011d}.mp4') for i in range(200_000)]
    save_manifest(tmp_path / 'few.json', rows[:10], ['x'])
    save_manifest(tmp_path / 'many.json', rows, ['x'])
    run = run_python(READ.replace('FOLDER', str(tmp_path)))
    assert 0.9 < float(run.stdout.split()[-1]) < 1.5, run.stderr
