"""The match page in a headless Chromium: clicks, and how the players respond."""

from __future__ import annotations

import re
import shutil

import numpy as np
import pytest
from helpers.chromium import PROGRAM, Page
from helpers.match_pages import Match, write_copy

from avtss_mm.fingerprint.page.page import write_match_page

pytestmark = [
    pytest.mark.skipif(PROGRAM is None, reason='no Chromium on this machine'),
    pytest.mark.slow,
]
QUERY, VIDEO = '#query video', '#video video'
READY = "[...document.querySelectorAll('video')].every(v => v.readyState >= 2 && !v.seeking)"
OFFSET, SPEED = 1.0, 1.5


@pytest.fixture(scope='module')
def videos(make_video, tmp_path_factory):
    folder = tmp_path_factory.mktemp('videos')
    make_video(folder / 'reference.webm', duration=9)
    write_copy(folder / 'reference.webm', folder / 'copy.webm', OFFSET, SPEED, duration=4)
    return folder


def write(path, videos, **options):
    """Writes a page with a match of the whole copy and a second, wrong match."""
    name, starts = str(videos / 'reference.webm'), np.arange(8.0)
    matches = [Match(0, 4, name, 1, 7, SPEED), Match(1, 2, name, 7, 8, modality='a')]
    rng = np.random.default_rng(0)
    vectors = np.linalg.qr(rng.normal(size=(8, 8)))[0].astype('f')
    chunks = {'v': (np.c_[starts, starts + 2], vectors)}
    query = {'v': (np.c_[starts[:3], starts[:3] + 2], vectors[[1, 2, 4]])}
    write_match_page(path, videos / 'copy.webm', matches, query, {name: chunks}, **options)
    return path


@pytest.fixture(scope='module')
def page(videos, tmp_path_factory):
    path = write(videos / 'page.html', videos)
    with Page(path, tmp_path_factory.mktemp('profile')) as opened:
        opened.wait(READY)
        yield opened
        assert opened.troubles == []
        assert {url.partition(':')[0] for url in opened.requests} <= {'file', 'data', 'blob'}


@pytest.fixture
def at_start(page):
    """Opens the page with its first match, at the start of the match."""
    page.click('tr[data-match="1"]')
    page.click('tr[data-match="0"] button')
    page.wait(READY)
    return page


def times(page) -> list[float]:
    """Waits for both players to settle; returns their times in seconds."""
    page.wait(READY)
    return [page.run(f"document.querySelector('{who}').currentTime") for who in (QUERY, VIDEO)]


def assert_together(page, time: float) -> None:
    np.testing.assert_allclose(times(page), [time, OFFSET + SPEED * time], atol=0.06)


def test_all_pictures_decode(page):
    widths = page.run('[...document.images].map(image => image.naturalWidth)')
    assert len(widths) > 40 and min(widths) > 0


def test_first_match_is_shown_at_its_beginning(at_start):
    assert_together(at_start, 0)
    assert at_start.run("[...document.querySelectorAll('.panel')].map(p => p.hidden)") == [
        False,
        True,
    ]


def test_click_on_a_frame_seeks_both(at_start):
    for who in ('query', 'video'):
        frame = f'.lane.frames.{who} .frame:nth-child(9)'
        time = float(at_start.run(f"document.querySelector('{frame}').dataset.time"))
        at_start.click('.bar.query', x=0.01)
        at_start.click(frame)
        assert time > 2
        assert_together(at_start, time)


@pytest.mark.parametrize(
    ('selector', 'x', 'time'),
    [('.lane.sound.video', 0.75, 3.0), ('.bar.query', 0.25, 1.0), ('.bar.video', 4 / 9, 2.0)],
)
def test_click_on_a_stretch_of_time_seeks_both(at_start, selector, x, time):
    at_start.click(selector, x=x)
    assert_together(at_start, time)
    head = at_start.run("parseFloat(document.querySelector('.over .head').style.left)")
    assert head == pytest.approx(100 * time / 4, abs=1)


def test_click_on_the_matrix_seeks_to_its_moments(at_start):
    at_start.click('.matrix', x=4 / 9, y=0.5)  # on the line
    assert_together(at_start, 2)
    assert at_start.run("document.querySelector('#realign').hidden")
    at_start.click('.matrix', x=7 / 9, y=0.75)  # far off
    np.testing.assert_allclose(times(at_start), [1, 7], atol=0.08)
    at_start.click('#realign')
    assert_together(at_start, 1)


def test_matrix_says_the_similarity_under_the_pointer(at_start):
    script = """(() => {{
        const matrix = document.querySelector('.matrix'), box = matrix.getBoundingClientRect();
        matrix.dispatchEvent(new MouseEvent('mousemove',
            {{clientX: box.left + {x} * box.width, clientY: box.top + {y} * box.height}}));
        return matrix.closest('figure').querySelector('output').textContent; }})()"""
    at_start.run("document.querySelector('.matrix').scrollIntoView()")
    text = at_start.run(script.format(x=2 / 9, y=3 / 4))
    assert re.fullmatch(r'query 0:01\.0\d, match 0:02\.0\d: 1\.00', text), text
    assert at_start.run(script.format(x=2 / 9, y=2 / 4)).endswith(': 0.00')
    assert at_start.run(script.format(x=0.01, y=0.01)).endswith('nothing to compare')


def test_second_match_has_its_own_times(at_start):
    at_start.click('tr[data-match="1"]')
    np.testing.assert_allclose(times(at_start), [1, 7], atol=0.06)
    at_start.click('[data-step="1"]')
    np.testing.assert_allclose(times(at_start), [2, 8], atol=0.06)


def test_each_player_follows_the_other(at_start):
    at_start.run(f"document.querySelector('{QUERY}').currentTime = 3")
    at_start.wait("document.querySelector('#video output').textContent === '0:05.50'")
    assert_together(at_start, 3)
    at_start.run(f"document.querySelector('{VIDEO}').currentTime = 2.5")
    at_start.wait("document.querySelector('#query output').textContent === '0:01.00'")
    assert_together(at_start, 1)


def test_both_play_at_their_speeds(at_start):
    at_start.click('#play')
    at_start.wait(f"document.querySelector('{QUERY}').currentTime > 1.2")
    assert at_start.run("document.querySelector('#play').textContent") == 'Pause both'
    at_start.click('#play')
    at_start.wait("[...document.querySelectorAll('video')].every(v => v.paused)")
    query, video = times(at_start)
    assert query > 1.2 and video == pytest.approx(OFFSET + SPEED * query, abs=0.35)


def test_sound_of_one_or_both(at_start):
    muted = "[...document.querySelectorAll('video')].map(v => v.muted)"
    heard = {}
    for choice in ('video', 'both', 'query'):
        at_start.click(f'[data-sound={choice}]')
        heard[choice] = at_start.run(muted)
    assert heard == {'video': [True, False], 'both': [False, False], 'query': [False, True]}


def test_address_opens_a_moment_of_a_match_also_of_a_page_that_was_moved(videos, tmp_path):
    """Links relative to the page no longer work, absolute links do."""
    shutil.copy(write(videos / 'moved.html', videos), tmp_path / 'page.html')
    with Page(tmp_path / 'page.html', tmp_path / 'profile', '#match=2&t=1.5', dark=True) as page:
        page.wait(READY)
        np.testing.assert_allclose(times(page), [1.5, 7.5], atol=0.06)
        colour = page.run('getComputedStyle(document.body).backgroundColor')
        assert sum(map(int, colour[4:-1].split(','))) < 150


def test_small_copies_play_without_the_files(videos, tmp_path):
    own = shutil.copytree(videos, tmp_path / 'videos')
    path = write(tmp_path / 'page.html', own, embed=True)
    shutil.rmtree(own)
    with Page(path, tmp_path / 'profile') as page:
        if not page.run("document.createElement('video').canPlayType('video/mp4; codecs=avc1')"):
            pytest.skip('this Chromium plays no H.264')
        page.wait(READY)
        page.click('.bar.query', x=0.5)
        page.wait(f"document.querySelector('{VIDEO}').currentTime > 2.9")
        assert page.run("document.querySelector('#video output').textContent")[:6] == '0:04.0'
        start = page.run("JSON.parse(document.querySelector('#data').textContent).players[1].start")
        np.testing.assert_allclose(times(page), [2, 4 - start], atol=0.06)
        assert page.troubles == []


def test_hostile_names_run_nothing_and_absent_files_are_said(make_video, tmp_path):
    name = '<img src=x onerror="window.hacked=1"><script>window.hacked=1<'
    query = make_video(tmp_path / name / 'script>.webm', duration=2)
    matches = [Match(0, 2, str(tmp_path / f'gone {name}'), 0, 2)]
    write_match_page(tmp_path / 'page.html', query, matches)
    with Page(tmp_path / 'page.html', tmp_path / 'profile') as page:
        page.wait(f"document.querySelector('{QUERY}').readyState >= 2")
        assert page.run("document.querySelector('#video .trouble').textContent").startswith(
            'There is nothing to play'
        )
        assert page.run("document.querySelector('#video .name').textContent") == f'gone {name}'
        assert page.run('window.hacked === undefined') and page.troubles == []


def test_page_of_nothing_works(videos, tmp_path):
    write_match_page(tmp_path / 'page.html', videos / 'copy.webm', [])
    with Page(tmp_path / 'page.html', tmp_path / 'profile') as page:
        page.wait(READY)
        page.click('.lane.frames', x=0.99)
        page.wait(f"document.querySelector('{QUERY}').currentTime > 3.5")
        assert page.troubles == []
