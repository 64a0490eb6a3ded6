"""The metadata of a manifest row, compared with what was written."""

import struct
from fractions import Fraction

import av
import numpy as np
import pytest
from helpers.stamped_video import write_stamped

from avtss_mm.errors import MediaError
from avtss_mm.media import probe, write_video


@pytest.mark.parametrize('name', ['a.mp4', 'a.mkv', 'a.webm', 'a.avi', 'a.ts'])
def test_row(tmp_path, name):
    write_stamped(tmp_path / name, num_frames=90, fps=30)
    row = probe(tmp_path / name)
    assert row.pop('filename') == str(tmp_path / name)
    assert row.pop('duration') == pytest.approx(3.0, abs=0.06)
    assert row.pop('num_frames') == pytest.approx(90, abs=2)
    assert row == dict(
        fps=30.0,
        width=96,
        height=32,
        rotation=0,
        has_audio=True,
        audio_sample_rate=48000 if name == 'a.webm' else 16000,
        silent=False,
    )


def test_duration_of_a_variable_frame_rate(tmp_path):
    times = [0, 0.1, 0.5, 1.5, 1.6, 3.0]
    write_stamped(tmp_path / 'a.mp4', frame_times=times, audio=False)
    assert 3.0 < probe(tmp_path / 'a.mp4')['duration'] < 3.8


def test_duration_is_that_of_the_picture(tmp_path):
    frames = (np.zeros((32, 32, 3), np.uint8) for _ in range(50))
    write_video(tmp_path / 'a.mkv', frames, 25, np.ones(16000 * 5, 'f') * 0.1)
    assert probe(tmp_path / 'a.mkv')['duration'] == pytest.approx(2.0, abs=0.05)


@pytest.mark.parametrize(
    'level, silent', [(0.0, True), (0.0005, True), (0.01, False), (None, True)]
)
def test_silence(make_video, tmp_path, level, silent):
    sound = None if level is None else np.sin(np.arange(48000) / 5).astype('f') * level
    frames = (np.zeros((32, 32, 3), np.uint8) for _ in range(75))
    write_video(tmp_path / 'a.mp4', frames, 25, sound, 16000)
    row = probe(tmp_path / 'a.mp4')
    assert (row['silent'], row['has_audio']) == (silent, level is not None)


@pytest.mark.parametrize('duration, silent', [(2, False), (5, False), (20, True)])
def test_a_lone_sound_is_found_in_a_short_file(tmp_path, duration, silent):
    sound = np.zeros(duration * 16000, 'f')
    first = int(1.05 * 16000)  # in none of the stretches that are heard of a long file
    sound[first : first + 3200] = 0.5 * np.sin(np.arange(3200) / 5)
    frames = (np.zeros((32, 32, 3), np.uint8) for _ in range(duration * 5))
    write_video(tmp_path / 'a.mp4', frames, 5, sound, 16000)
    assert probe(tmp_path / 'a.mp4')['silent'] == silent


def test_sound_only_file(tmp_path):
    with av.open(str(tmp_path / 'a.wav'), 'w') as container:
        stream = container.add_stream('pcm_s16le', rate=8000, layout='mono')
        frame = av.AudioFrame.from_ndarray(np.full((1, 16000), 3000, '<i2'), 's16', 'mono')
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with pytest.raises(MediaError, match='no video stream'):
        probe(tmp_path / 'a.wav')
    row = probe(tmp_path / 'a.wav', require_video=False)
    assert row['duration'] == pytest.approx(2.0)
    assert (row['num_frames'], row['fps'], row['audio_sample_rate']) == (0, 0.0, 8000)
    assert not row['silent']


def test_a_rate_that_is_the_tick_of_the_clock_is_not_believed(tmp_path):
    """As webm files of browsers have it: 1000 frames a second, of which 24 are there."""
    tick = Fraction(1, 1000)
    with av.open(str(tmp_path / 'a.webm'), 'w') as container:
        stream = container.add_stream('libvpx', rate=1000)
        stream.width, stream.height, stream.pix_fmt = 96, 64, 'yuv420p'
        stream.codec_context.time_base = tick
        for index in range(49):
            frame = av.VideoFrame.from_ndarray(np.full((64, 96, 3), index * 5, 'u1'), 'rgb24')
            frame.pts, frame.time_base = round(index * 41.7), tick
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with av.open(str(tmp_path / 'a.webm')) as container:
        assert container.streams.video[0].average_rate == 1000
    row = probe(tmp_path / 'a.webm')
    assert row['fps'] == pytest.approx(24, abs=0.1)
    assert row['num_frames'] == pytest.approx(49, abs=1)


@pytest.mark.parametrize('matrix', [(0,) * 9, (-(2**31),) * 9, (2**16, 2**15, 0, -(2**15), 2**16)])
def test_a_display_matrix_that_is_no_quarter_turn_is_ignored(make_video, tmp_path, matrix):
    path = make_video(tmp_path / 'a.mp4', duration=1, size=(64, 96))
    data = path.read_bytes()
    plain = struct.pack('>9i', 2**16, 0, 0, 0, 2**16, 0, 0, 0, 2**30)
    first = data.index(plain, data.index(b'tkhd'))
    matrix = struct.pack('>9i', *matrix, *[0] * (9 - len(matrix)))
    path.write_bytes(data[:first] + matrix + data[first + len(plain) :])
    with av.open(str(path)) as container:
        assert next(container.decode(video=0)).rotation != 0
    row = probe(path)
    assert (row['rotation'], row['width'], row['height']) == (0, 96, 64)
