"""The files found in a folder, and their names."""

import os
from collections import Counter

import pytest

from avtss_mm.media import find_media
from avtss_mm.media.finding import suffix_advice


@pytest.fixture(params=[1, -1], ids=['sorted', 'reversed'])
def linked(request, tmp_path, monkeypatch):
    """Folders with a link to each; the system lists them in either order."""
    for name in ('class0/x.mp4', 'class1/y.mp4', 'z/deep/w.mp4'):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).touch()
    (tmp_path / 'alink').symlink_to('z')
    (tmp_path / 'link0').symlink_to('class0')
    (tmp_path / 'class0/inner').symlink_to('../class1')
    (tmp_path / 'class0/again.mp4').symlink_to('../class1/y.mp4')
    (tmp_path / 'class1/b.mp4').symlink_to('x.mp4')
    (tmp_path / 'class1/x.mp4').symlink_to('../gone.mp4')
    stock = os.scandir

    class Listing:
        def __init__(self, path):
            with stock(path) as entries:
                names = sorted(entries, key=lambda entry: entry.name)
            self.entries = iter(names[:: request.param])

        __enter__ = __iter__ = lambda self: self
        __next__ = lambda self: next(self.entries)  # noqa: E731
        __exit__ = close = lambda self, *args: None

    monkeypatch.setattr(os, 'scandir', Listing)
    return tmp_path


def test_a_file_reached_twice_is_one_file_by_its_own_name(linked):
    real = ['class0/x.mp4', 'class1/y.mp4', 'z/deep/w.mp4']
    dangling = 'class1/b.mp4'  # of two links that lead nowhere, the first
    assert find_media(linked) == sorted([*real, dangling])


def test_every_link_to_a_file_on_request(linked):
    links = ['class0/again.mp4', 'class1/b.mp4', 'class1/x.mp4']
    real = ['class0/x.mp4', 'class1/y.mp4', 'z/deep/w.mp4']
    assert find_media(linked, every_link=True) == sorted([*real, *links])


def test_what_is_left_out_for_its_suffix_is_counted(tmp_path):
    for name in ('a.mp4', 'b.gif', 'c.GIF', 'd', 'e.oga', 'notes.txt', 'list.json', '.hidden.gif'):
        (tmp_path / name).touch()
    left_out = Counter()
    assert find_media(tmp_path, left_out=left_out) == ['a.mp4']
    assert left_out == {'.gif': 2, '': 1, '.oga': 1}
    assert suffix_advice(left_out) == (
        'not looked into: 4 files of other suffixes (2 .gif, 1 without, 1 .oga); '
        'add --suffixes .gif none .oga to include them'
    )
    assert suffix_advice(Counter()) == ''
