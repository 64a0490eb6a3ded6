"""The command, as a user runs it."""

import csv
import os
import runpy
from pathlib import Path

import pytest

from avtss_mm.media import probe

TOOL = Path(__file__).parents[2] / 'tools/data/resize_videos.py'


def run(*arguments):
    runpy.run_path(str(TOOL))['main']([str(argument) for argument in arguments])


@pytest.fixture
def folder(tmp_path, make_video):
    root = tmp_path / 'in'
    for name in ('class a/one #1.avi', 'class a/two.two.mp4', 'three.mkv'):
        make_video(root / name, duration=1, fps=10, size=(48, 64))
    (root / 'class a/broken.mp4').write_text('nothing')
    (root / 'list.txt').write_text('nothing')
    return root


OUTPUTS = ['class a/one #1.mp4', 'class a/two.two.mp4', 'three.mp4']


def written(out):
    return sorted(str(path.relative_to(out)) for path in out.rglob('*') if path.is_file())


def test_tree_rejects_summary_and_resume(folder, tmp_path, capsys):
    out = tmp_path / 'new/out'
    arguments = (folder, out, '--short-side', 32, '--gop', 4, '--workers', 2)
    run(*arguments)
    assert written(out) == sorted([*OUTPUTS, 'rejects.csv'])
    assert [probe(out / name)['height'] for name in OUTPUTS] == [32, 32, 32]
    assert (out / 'rejects.csv').read_text().splitlines()[1].startswith('class a/broken.mp4,Inval')
    words = ' '.join(capsys.readouterr().out.split())
    assert 'found 4 done before 0 done now 3 rejected 1 MB before' in words
    stamps = [(out / name).stat().st_mtime_ns for name in OUTPUTS]
    (out / OUTPUTS[1]).unlink()
    os.utime(folder / 'three.mkv', ns=(stamps[2] + 10**9, stamps[2] + 10**9))
    run(*arguments)
    assert 'done before 1 done now 2 rejected 1' in ' '.join(capsys.readouterr().out.split())
    assert (out / OUTPUTS[0]).stat().st_mtime_ns == stamps[0]
    assert (out / OUTPUTS[2]).stat().st_mtime_ns > stamps[2]


def test_killed_workers_leave_nothing_behind(tmp_path, make_video):
    make_video(tmp_path / 'in/long.mp4', duration=8, size=(480, 640), audio=None)
    with pytest.raises(SystemExit, match='^error: no video could be converted: see .*rejects.csv'):
        run(tmp_path / 'in', tmp_path / 'out', '--timeout', 0.15)
    assert written(tmp_path / 'out') == ['rejects.csv']
    assert 'long.mp4,no answer within 0.15 s' in (tmp_path / 'out/rejects.csv').read_text()


def test_other_suffixes_and_links(tmp_path, make_video, capsys):
    root = tmp_path / 'in'
    make_video(root / 'store/a.mp4', duration=1, fps=10, size=(48, 64))
    make_video(root / 'store/b.mp4', duration=1, fps=10, size=(48, 64))
    (root / 'store/b.mp4').rename(root / 'store/b.mp4v')
    (root / 'class').mkdir()
    (root / 'class/a.mp4').symlink_to('../store/a.mp4')
    run(root, tmp_path / 'out', '--workers', 1)
    assert written(tmp_path / 'out') == ['class/a.mp4', 'rejects.csv', 'store/a.mp4']
    assert 'not looked into: 1 file of other suffixes (1 .mp4v)' in capsys.readouterr().out
    run(root, tmp_path / 'out', '--workers', 1, '--suffixes', '.mp4v')
    assert 'store/b.mp4' in written(tmp_path / 'out')
    assert 'not looked into' not in capsys.readouterr().out


def test_what_one_file_raises_is_its_reject(folder, tmp_path, make_video):
    """A name that grows too long for the file system, a folder where a copy should lie."""
    long = 'm' * 252 + '.ts'
    make_video(folder / 'a.ts', duration=1, fps=10, size=(48, 64))
    (folder / 'a.ts').rename(folder / long)
    (tmp_path / 'out/three.mp4').mkdir(parents=True)
    os.utime(tmp_path / 'out/three.mp4', (0, 0))
    for _ in range(2):
        run(folder, tmp_path / 'out', '--workers', 1)
        done = [OUTPUTS[0], OUTPUTS[1], 'rejects.csv']
        assert written(tmp_path / 'out') == sorted(done)
        with open(tmp_path / 'out/rejects.csv', newline='') as file:
            rejects = {row['filename']: row['reason'] for row in csv.DictReader(file)}
        assert list(rejects) == ['class a/broken.mp4', long, 'three.mkv']
        assert rejects[long] == 'its copy cannot be written: File name too long'
        assert 'its copy cannot be written' in rejects['three.mkv']


def test_a_target_that_cannot_be_written_to(make_video, tmp_path, read_only):
    with read_only(make_video(tmp_path / 'a.mp4', duration=1)) as source:
        with pytest.raises(SystemExit, match=r'\(Permission denied\): choose another OUT'):
            run(source, '/made by nobody')


def test_mistakes(folder, tmp_path, make_video):
    (tmp_path / 'empty').mkdir()
    for source, target, expected in (
        (tmp_path / 'absent', tmp_path / 'out', 'absent is not a folder'),
        (tmp_path / 'empty', tmp_path / 'out', 'empty holds no video'),
        (folder, folder, 'lies in'),
        (folder, folder / 'out', 'lies in'),
    ):
        with pytest.raises(SystemExit, match=f'^error: .*{expected}'):
            run(source, target)
    with pytest.raises(SystemExit):
        run(folder, tmp_path / 'out', '--gop', 0)
    make_video(folder / 'three.avi', duration=1, fps=10, size=(48, 64))
    with pytest.raises(SystemExit, match='^error: three.avi and three.mkv would both become'):
        run(folder, tmp_path / 'out')
    assert not (tmp_path / 'out').exists()
