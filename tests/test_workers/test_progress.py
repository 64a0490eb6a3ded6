"""How often bars are drawn."""

import sys
import time

import pytest

from avtss_mm.workers.progress import bar, late_bar, late_note


@pytest.fixture
def work(monkeypatch):
    """``work(number, seconds)`` yields items, each after some seconds of tqdm's clock."""
    now = [1e9]
    monkeypatch.setattr('tqdm.std.time', lambda: now[0])

    def items(number, seconds):
        for item in range(number):
            now[0] += seconds
            yield item

    return items


def states(capsys) -> int:
    return capsys.readouterr().err.count('it/s]')


def test_a_file_gets_a_state_a_minute(work, capsys, monkeypatch):
    assert list(bar(work(600, 1), 'work', 600)) == list(range(600))
    assert 10 <= states(capsys) <= 12
    monkeypatch.setattr(sys.stderr, 'isatty', lambda: True)
    list(bar(work(600, 1), 'work', 600))
    assert states(capsys) >= 600


def test_only_work_that_is_not_short_shows_a_late_bar(work, capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, 'isatty', lambda: True)
    assert list(late_bar(work(10, 0.15), 'work')) == list(range(10))
    assert capsys.readouterr().err == ''
    list(late_bar(work(100, 0.15), 'work', unit='it'))
    assert states(capsys) > 80


def test_a_note_comes_late_or_not_at_all(capsys, monkeypatch):
    with late_note('listing'):
        pass
    assert capsys.readouterr().err == ''
    monkeypatch.setattr('avtss_mm.workers.progress.SOON', 0.01)
    told, deadline = '', time.monotonic() + 30
    with late_note('listing'):
        while not told and time.monotonic() < deadline:
            time.sleep(0.01)
            told = capsys.readouterr().err
    assert told == 'listing\n'
