"""Lists of files: finding, probing, caching, resuming and writing."""

import json
import os
import sys

import pytest
from helpers.stamped_video import write_stamped

from avtss_mm.media import build_manifest, find_media, load_manifest, save_manifest


@pytest.fixture
def root(tmp_path):
    for name in ('b/one.mp4', 'a/späce #2.mkv', 'a/deep/er/three.AVI', 'zero.webm'):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        write_stamped(tmp_path / name.lower(), num_frames=25, audio='one' in name)
    (tmp_path / 'a/deep/er/three.avi').rename(tmp_path / 'a/deep/er/three.AVI')
    (tmp_path / 'b/broken.mp4').write_text('nothing')
    (tmp_path / 'b/notes.txt').write_text('nothing')
    (tmp_path / '.hidden').mkdir()
    (tmp_path / '.hidden/x.mp4').write_text('nothing')
    (tmp_path / 'b/._one.mp4').write_text('nothing')
    return tmp_path


FOUND = ['a/deep/er/three.AVI', 'a/späce #2.mkv', 'b/broken.mp4', 'b/one.mp4', 'zero.webm']


def test_find_media_follows_links_but_not_in_circles(root, tmp_path_factory):
    other = tmp_path_factory.mktemp('elsewhere')
    (other / 'linked.mp4').touch()
    (root / 'link').symlink_to(other)
    (root / 'b/up').symlink_to(root)
    assert find_media(root) == sorted([*FOUND, 'link/linked.mp4'])


@pytest.mark.parametrize('workers', [1, 3])
def test_rows_are_sorted_and_rejects_have_reasons(root, workers):
    rows, rejects = build_manifest(root, workers=workers)
    assert [row['filename'] for row in rows] == [name for name in FOUND if 'broken' not in name]
    assert [row['has_audio'] for row in rows] == [False, False, True, False]
    assert list(rejects) == ['b/broken.mp4']
    assert 'Invalid data' in rejects['b/broken.mp4'] and str(root) not in rejects['b/broken.mp4']


def test_resume_takes_unchanged_files_from_the_partial_list(root):
    partial = root / 'list.partial'
    first = build_manifest(root, partial_path=partial)
    lines = [json.loads(line) for line in partial.read_text().splitlines()]
    assert sorted(line['filename'] for line in lines) == FOUND
    for line in lines:
        if 'row' in line:
            line['row']['duration'] = 777  # to see which rows come from the list
    text = '\n'.join(json.dumps(line) for line in lines) + '\n{"filename": "cut o'
    partial.write_text(text)
    os.utime(root / 'b/one.mp4', ns=(1, 1))  # changed since
    seen = []

    def progress(results, total):
        seen.append(total)
        return results

    rows, rejects = build_manifest(root, partial_path=partial, progress=progress)
    assert seen == [1]
    assert {row['filename'] for row in rows if row['duration'] != 777} == {'b/one.mp4'}
    assert rejects == first[1]


def test_save_and_load(tmp_path):
    rows = [dict(filename='ä b.mp4', label=0), dict(filename='c.mp4', label=1)]
    save_manifest(tmp_path / 'm.json', rows, ['x', 'y'])
    loaded, metainfo = load_manifest(tmp_path / 'm.json')
    assert loaded == rows
    made_by = metainfo.pop('made_by')
    assert sys.argv[0] in made_by
    assert metainfo == {'dataset_type': 'AudioVisualDataset', 'classes': ['x', 'y']}
    assert list(tmp_path.iterdir()) == [tmp_path / 'm.json']  # and no draft
    save_manifest(tmp_path / 'empty.json', [])
    assert load_manifest(tmp_path / 'empty.json')[0] == []
    (tmp_path / 'bad.json').write_text('{"data": 1}')
    with pytest.raises(ValueError, match='bad.json is not a manifest.*build_manifest.py'):
        load_manifest(tmp_path / 'bad.json')
    with pytest.raises(ValueError, match='is a folder: .*build_manifest.py lists its files'):
        load_manifest(tmp_path)
