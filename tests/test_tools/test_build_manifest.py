"""The command, as a user runs it."""

import csv
import json
import runpy
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
