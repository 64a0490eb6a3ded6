"""The command, as a user runs it."""

import csv
import json
import runpy
import unicodedata
from pathlib import Path

import pytest

TOOL = Path(__file__).parents[2] / 'tools/data/build_manifest.py'


def run(*arguments):
    runpy.run_path(str(TOOL))['main']([str(argument) for argument in arguments])


@pytest.fixture(scope='module')
def folder(tmp_path_factory, make_video):
    root = tmp_path_factory.mktemp('videos')
    make_video(root / 'dog barks/a #1.mp4', duration=1, size=(32, 48))
    make_video(root / 'dog barks/ü.mkv', duration=2, size=(32, 48), audio='silence')
    make_video(root / 'cat/b.webm', duration=1, size=(32, 48), audio=None)
    make_video(root / 'stray.mp4', duration=1, size=(32, 48))
    (root / 'cat/broken.mp4').write_text('nothing')
    return root


def test_manifest_rejects_and_summary(folder, tmp_path, capsys):
    run(folder, '-o', tmp_path / 'out/list.json', '--labels', 'folder', '--workers', 2)
    manifest = json.loads((tmp_path / 'out/list.json').read_text())
    assert manifest['metainfo']['classes'] == ['cat', 'dog barks']
    rows = manifest['data_list']
    assert [(row['filename'], row['label'], row['silent']) for row in rows] == [
        ('cat/b.webm', 0, True),
        ('dog barks/a #1.mp4', 1, False),
        ('dog barks/ü.mkv', 1, True),
    ]
    with open(tmp_path / 'out/rejects.csv', newline='') as file:
        rejects = {row['filename']: row['reason'] for row in csv.DictReader(file)}
    assert list(rejects) == ['cat/broken.mp4', 'stray.mp4']
    assert 'folder' in rejects['stray.mp4']
    words = ' '.join(capsys.readouterr().out.split())
    for expected in ('found 5', 'kept 3', 'no sound 1', 'silent 1', 'rejected 2'):
        assert expected in words
    assert sorted(path.name for path in (tmp_path / 'out').iterdir()) == [
        'list.json',
        'rejects.csv',
    ]


def test_wrong_folder(tmp_path):
    with pytest.raises(SystemExit, match='absent is not a folder'):
        run(tmp_path / 'absent')
    with pytest.raises(SystemExit, match='holds no video file'):
        run(tmp_path)


def test_nothing_kept(tmp_path):
    (tmp_path / 'broken.mp4').write_text('nothing')
    with pytest.raises(SystemExit, match='no file was kept'):
        run(tmp_path)
    assert 'broken.mp4,Invalid data' in (tmp_path / 'rejects.csv').read_text()


def test_other_suffixes_are_counted_and_looked_into_on_request(tmp_path, make_video, capsys):
    for name in ('a.mp4', 'b.mp4', 'c.mp4'):
        make_video(tmp_path / name, duration=1, size=(32, 48))
    (tmp_path / 'b.mp4').rename(tmp_path / 'b')
    (tmp_path / 'c.mp4').rename(tmp_path / 'c.mp4v')
    run(tmp_path)
    advice = 'not looked into: 2 files of other suffixes (1 without, 1 .mp4v); add --suffixes'
    assert advice in capsys.readouterr().out
    run(tmp_path, '--suffixes', 'none', 'MP4V')
    assert 'not looked into' not in capsys.readouterr().out
    rows = json.loads((tmp_path / 'manifest.json').read_text())['data_list']
    assert [row['filename'] for row in rows] == ['a.mp4', 'b', 'c.mp4v']
    (tmp_path / 'a.mp4').unlink()
    with pytest.raises(SystemExit, match='holds no video file; not looked into: 2 files'):
        run(tmp_path, '-o', tmp_path / 'other.json')


def test_two_unicode_forms_of_one_name_are_one_class(tmp_path, make_video):
    for form in ('NFC', 'NFD'):
        make_video(tmp_path / unicodedata.normalize(form, 'Café') / f'{form}.mp4', duration=1)
    run(tmp_path, '--labels', 'folder')
    manifest = json.loads((tmp_path / 'manifest.json').read_text())
    assert manifest['metainfo']['classes'] == [unicodedata.normalize('NFC', 'Café')]
    assert [row['label'] for row in manifest['data_list']] == [0, 0]


def test_a_folder_that_cannot_be_written_to(read_only, make_video, tmp_path):
    make_video(tmp_path / 'a.mp4', duration=1, size=(32, 48))
    with read_only(tmp_path / 'a.mp4') as root:
        with pytest.raises(SystemExit) as error:
            run(root)
        assert str(error.value) == (
            f'error: {root} cannot be written to (Permission denied): '
            'give -o FILE for the list, in another folder'
        )
    run(tmp_path, '-o', tmp_path / 'new/list.json')
    assert (tmp_path / 'new/list.json').exists()
