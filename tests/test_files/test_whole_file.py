"""A file is either complete or unchanged, and a failure leaves no draft."""

import os

import pytest

from avtss_mm.files.whole_file import draft_of, write_whole, written_whole


def test_file_appears_when_it_is_complete(tmp_path):
    path = tmp_path / 'a.npz'
    with written_whole(path) as draft:
        draft.write_text('half')
        assert not path.exists() and draft == draft_of(path)
        assert draft.suffix == '.npz' and draft.name.startswith('.')
        draft.chmod(0o600)
    assert path.read_text() == 'half' and os.listdir(tmp_path) == ['a.npz']
    assert path.stat().st_mode & 0o777 == 0o666 & ~_umask()  # others may read it, as any file


def _umask():
    umask = os.umask(0)
    os.umask(umask)
    return umask


def test_failure_leaves_what_was_there(tmp_path):
    path = tmp_path / 'a.json'
    write_whole(path, 'old ä')
    with pytest.raises(OSError, match='disk full'), written_whole(path) as draft:
        draft.write_text('new')
        raise OSError('disk full')
    assert path.read_text(encoding='utf-8') == 'old ä' and os.listdir(tmp_path) == ['a.json']


def test_several_writers(tmp_path):
    path = tmp_path / 'a'
    with written_whole(path, 'one') as one, written_whole(path, 'two') as two:
        one.write_text('1')
        two.write_text('2')
    assert path.read_text() == '1' and os.listdir(tmp_path) == ['a']  # the first ended last


def test_the_draft_of_a_long_name_is_short(tmp_path):
    names = ['x' * 251 + '.mp4', 'x' * 250 + 'y.mp4', 'é' * 125 + '.webm', 'short.mp4']
    drafts = [draft_of(tmp_path / name).name for name in names]
    assert len(set(drafts)) == 4 and all(len(draft.encode()) < 100 for draft in drafts[:3])
    assert drafts[0].endswith('.part.mp4') and drafts[3] == '.short.part.mp4'
    write_whole(tmp_path / names[0], 'text')
    assert [path.name for path in tmp_path.iterdir()] == [names[0]]
