"""A journal survives a kill at any byte: it keeps what was written before and after."""

import os

from avtss_mm.files.journal import journal, read_journal


def test_values_come_back_in_their_order(tmp_path):
    path = tmp_path / 'log'
    assert list(read_journal(path)) == []
    with journal(path) as add:
        add(dict(name='caf\u00e9\u2028', size=[1, None]))
        assert len(list(read_journal(path))) == 1  # it is there at once
        add('\udcff')  # of a name that is not Unicode
    with journal(path) as add:
        add(3)
    assert list(read_journal(path)) == [dict(name='caf\u00e9\u2028', size=[1, None]), '\udcff', 3]
    assert path.read_bytes().count(b'\n') == 3


def test_cut_off_at_any_byte(tmp_path):
    path = tmp_path / 'log'
    with journal(path) as add:
        add(dict(number=1))
        add(dict(number=2))
    whole = path.read_bytes()
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        with journal(path) as add:
            add('next')
        *before, last = read_journal(path)
        assert last == 'next'
        assert before == [dict(number=1), dict(number=2)][: (size >= 13) + (size >= 27)]


def test_damage_is_passed_over(tmp_path):
    path = tmp_path / 'log'
    path.write_bytes(b'\xff[[\n1\n' + b'[' * 99999 + b'\n\n2')
    assert list(read_journal(path)) == [1, 2]


def test_nothing_is_kept_in_the_null_device():
    with journal(os.devnull) as add:
        add(1)
    assert list(read_journal(os.devnull)) == []
