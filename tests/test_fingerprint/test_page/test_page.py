"""The match page, parsed without a browser."""

from __future__ import annotations

import base64
import os
import wave
from pathlib import Path
from urllib.parse import unquote

import librosa
import numpy as np
import pytest
from helpers.match_pages import Match, ParsedPage, chunks, write_copy

from avtss_mm.errors import MediaError
from avtss_mm.fingerprint.page.page import write_match_page
from avtss_mm.fingerprint.page.timeline import clock
from avtss_mm.media import open_media, probe


@pytest.fixture(scope='module')
def reference(make_video, tmp_path_factory):
    return make_video(tmp_path_factory.mktemp('videos') / 'reference.webm', duration=7)


def write(tmp_path, query, matches, *arguments, **options) -> ParsedPage:
    write_match_page(tmp_path / 'page.html', query, matches, *arguments, **options)
    return ParsedPage(tmp_path / 'page.html')


@pytest.mark.parametrize(('offset', 'speed'), [(2.0, 1.0), (0.5, 1.5)])
def test_frames_one_above_the_other_show_the_same_moment(reference, tmp_path, offset, speed):
    write_copy(reference, tmp_path / 'copy.webm', offset, speed, duration=4)
    match = Match(0, 4, str(reference), offset, offset + speed * 4, speed)
    page = write(tmp_path, tmp_path / 'copy.webm', [match])
    query, video = page.frames('Query'), page.frames('Match')
    assert [time for time, _ in query] == [time for time, _ in video] and len(query) > 10
    away = np.array([[np.abs(a - b).mean() for _, b in video] for _, a in query])
    assert (away.argmin(axis=1) == np.arange(len(query))).all()
    names = [b.attributes['title'] for b in page.all('button', 'frame')]
    assert names[0] == f'Query at {clock(query[0][0])}'
    assert names[len(query)] == f'Match at {clock(offset + speed * query[0][0])}'


def test_sounds_one_above_the_other_are_heard_at_the_same_moment(flash_click, tmp_path):
    flash_click(tmp_path / 'copy.mp4', (2.0, 4.0))
    flash_click(tmp_path / 'reference.mp4', (0.5, 3.5, 5.5), duration=9)
    match = Match(1, 5, str(tmp_path / 'reference.mp4'), 2.5, 6.5)
    page = write(tmp_path, tmp_path / 'copy.mp4', [match])
    found = []
    for image in page.spectrograms():
        loudness = image.picture().astype(float).mean(axis=(0, 2))
        loud = np.flatnonzero(loudness > 0.5 * loudness.max())
        place = image.place()
        percent = place['left'] + place['width'] * (loud + 0.5) / len(loudness)
        found.append(np.unique((6 * percent / 100).round(1)))  # the axis is the query, 6 s
    np.testing.assert_allclose(found, [[2.0, 4.0]] * 2, atol=0.11)


def test_page_loads_nothing_and_runs_only_its_own_script(reference, tmp_path):
    sides = {'v': chunks(6), 'a': chunks(6)}
    match = Match(1, 5, str(reference), 2, 6)
    page = write(tmp_path, reference, [match], sides, {str(reference): sides})
    assert len(page.html) < 300_000
    text = page.html.lower()
    assert all(word not in text for word in ('http:', 'https:', '<link', '<iframe', '<base'))
    assert all(word not in page.all('style')[0].text for word in ('@import', 'url('))
    addresses = [
        value
        for element in page.elements
        for name, value in element.attributes.items()
        if name in ('src', 'href', 'srcset', 'poster', 'action')
    ]
    assert len(addresses) > 20
    assert all(address.startswith('data:image/') for address in addresses)
    policy = page.all('meta')[2].attributes['content']
    assert policy.startswith("default-src 'none'; img-src data:;")
    assert [script.attributes.get('type') for script in page.all('script')] == [
        'application/json',
        None,
    ]
    assert not [e for e in page.elements if any(n.startswith('on') for n in e.attributes)]


HOSTILE = '<script>alert(1)<', 'script><img src=x onerror=alert(2)> {{ 7 * 7 }}"\'&.webm'


@pytest.mark.parametrize(
    'name', ['/'.join(HOSTILE), os.fsdecode(b'caf\xe9 #1?x=50%41.webm'), 'a\n-->\n</style>b.webm']
)
def test_file_names_are_text(make_video, tmp_path, name):
    path = make_video(tmp_path / name, duration=2)
    page = write(tmp_path, path, [Match(0, 2, str(path), 0, 2), Match(0, 1, str(path), 1, 2)])
    shown = os.fsencode(path.name).decode('utf-8', 'replace')
    assert page.all('title')[0].text == f'{shown}: 2 matches'
    assert page.all('h1')[0].text == shown
    assert len(page.all('script')) == 2 and len(page.all('video')) == 2
    assert {image.attributes['src'][:11] for image in page.all('img')} == {'data:image/'}
    for player in page.data()['players']:
        relative, absolute = player['urls']
        assert (tmp_path / os.fsdecode(unquote_bytes(relative))).samefile(path)
        assert Path(os.fsdecode(unquote_bytes(absolute.removeprefix('file://')))).samefile(path)


def unquote_bytes(url: str) -> bytes:
    assert not set('#?<>"\' ') & set(url)
    return unquote(url, encoding='latin-1').encode('latin-1')


def test_table_has_every_match_and_the_first_eight_are_shown_in_full(reference, tmp_path):
    matches = [
        Match(i / 4, i / 4 + 2, str(reference), i / 2, i / 2 + 2.5, 1.25, 0.9 - i / 20, 'va'[i % 2])
        for i in range(10)
    ]
    page = write(tmp_path, reference, matches)
    rows = [' '.join(row.text.split()) for row in page.all('tr')[1:]]
    assert len(rows) == 10
    assert rows[1] == '2 reference.webm 0:00.25 – 0:02.25 0:00.50 – 0:03.00 1.25× sound 0.850'
    assert len(page.all('section')) == 8 and len(page.data()['players']) == 9
    assert '61 % of the query was found, in 10 matches' in page.all('p', 'verdict')[0].text


@pytest.mark.parametrize('embed', [False, True])
def test_sound_alone(make_video, tmp_path, embed):
    video = make_video(tmp_path / 'video.mp4', duration=4, audio='noise')
    sound = tmp_path / 'sound.wav'
    write_sound(video, sound)
    matches = [Match(1, 3, str(sound), 1, 3, modality='a'), Match(1, 3, str(video), 1, 3)]
    page = write(tmp_path, sound, matches, embed=embed)
    assert len(page.spectrograms()) == 4
    assert not page.frames('Query') and len(page.frames('Match')) > 5
    assert [note.text for note in page.all('p', 'note')] == ['no picture']
    assert [player['picture'] for player in page.data()['players']] == [False, False, True]


def write_sound(video, target):
    with open_media(video) as reader, wave.open(str(target), 'wb') as file:
        samples = reader.read(audio_windows=[(0, 4)]).audio[0]
        file.setparams((1, 2, 16000, 0, 'NONE', ''))
        file.writeframes((samples * 32767).astype('<i2').tobytes())


def test_picture_alone(make_video, tmp_path):
    path = make_video(tmp_path / 'mute.mp4', audio=None)
    page = write(tmp_path, path, [Match(0, 3, str(path), 0, 3, modality='v')], embed=True)
    assert page.frames('Query') and not page.spectrograms()


def test_frequencies_beside_a_spectrogram_are_those_of_the_sound(tmp_path):
    seconds = np.arange(4 * 16000) / 16000
    tones = {'0.5': 500, '1': 1000, '2': 2000, '4': 4000}
    samples = sum(np.sin(2 * np.pi * hz * seconds) for hz in tones.values()) / 8
    with wave.open(str(tmp_path / 'tones.wav'), 'wb') as file:
        file.setparams((1, 2, 16000, 0, 'NONE', ''))
        file.writeframes((samples * 32767).astype('<i2').tobytes())
    page = write(tmp_path, tmp_path / 'tones.wav', [])
    rows = page.spectrograms()[0].picture().astype(float).mean(axis=(1, 2))[::-1]
    ticks = [tick for tick in page.all('i') if 'bottom:' in tick.attributes.get('style', '')]
    assert [tick.text for tick in ticks] == [*tones]
    for tick in ticks:
        place, hz = tick.place()['bottom'] / 100, tones[tick.text]
        assert place == pytest.approx(librosa.hz_to_mel(hz) / librosa.hz_to_mel(8000), abs=1e-4)
        near = slice(round(place * 80) - 4, round(place * 80) + 5)
        assert abs(near.start + rows[near].argmax() + 0.5 - place * 80) < 1.1


def test_nothing_found(reference, tmp_path):
    page = write(tmp_path, reference, [])
    assert page.all('p', 'verdict')[0].text == 'Nothing in the index is similar.'
    assert page.all('title')[0].text == 'reference.webm: no matches'
    assert len(page.frames('Query')) > 10 and len(page.spectrograms()) == 1
    assert not page.all('table') and len(page.all('video')) == 1


def test_match_that_is_gone_has_its_times(reference, tmp_path):
    page = write(tmp_path, reference, [Match(0, 2, '/nowhere/gone.mp4', 3, 5)])
    assert '0:03.00 – 0:05.00' in page.all('table')[0].text
    assert page.data()['players'][1]['urls'] == []
    assert any('no such file' in note.text for note in page.all('p', 'note'))


def test_query_that_is_gone_is_an_error(tmp_path):
    with pytest.raises(MediaError, match='gone.mp4: '):
        write(tmp_path, tmp_path / 'gone.mp4', [])
    assert not (tmp_path / 'page.html').exists()


def test_small_copies_hold_what_is_shown(reference, tmp_path):
    page = write(tmp_path, reference, [Match(2, 4, str(reference), 3, 5)], embed=True)
    assert 'file:///' not in page.html and 'reference.webm"' not in page.all('script')[0].text
    query, video = page.data()['players']
    assert query['start'] == 1 and video['start'] == 2  # a second before the match
    for player in (query, video):
        data = base64.b64decode(player['urls'][0].partition(';base64,')[2])
        (tmp_path / 'copy.mp4').write_bytes(data)
        facts = probe(tmp_path / 'copy.mp4')
        assert facts['duration'] == pytest.approx(4, abs=0.1) and not facts['silent']
        assert len(data) < 25_000 * 4


def test_voted_lines_lie_over_the_matrix_of_their_modality(reference, tmp_path):
    name = str(reference)
    matches = [Match(0, 3.5, name, 3.5, 7), Match(3.5, 7, name, 0, 3.5, modality='a')]
    query = {'v': chunks(6), 'a': chunks(12, hop=0.5)}
    page = write(tmp_path, reference, matches, query, {name: {'a': chunks(6), 'v': chunks(6)}})
    assert [note.text.split()[0] for note in page.all('figcaption')[2:]] == [
        'Picture', 'Sound', 'Sound', 'Picture',
    ]  # fmt: skip
    lines = [e.attributes for e in page.all('line', 'line')]
    ends = [[round(float(line[k]), 1) for k in ('x1', 'y1', 'x2', 'y2')] for line in lines]
    first, second = [50, 100, 100, 50], [0, 50, 50, 0]
    np.testing.assert_allclose(ends, [first, first, second, first, second, first], atol=0.6)
    assert ['current' in line['class'] for line in lines] == [True, True, False, False, True, False]
