"""A smaller copy has the same picture and sound at the same times."""

import av
import numpy as np
import pytest

from avtss_mm.errors import MediaError
from avtss_mm.media import open_media, probe
from avtss_mm.preparation.resize import even_size, resize_video

INSTANTS = (1.01, 2.33)
VARIABLE = np.cumsum(np.random.default_rng(1).uniform(0.015, 0.12, 45)) - 0.01
TWICE = np.sort([*np.arange(75) / 25, *np.arange(3, 75, 10) / 25 + 3e-4])  # mkv rounds to 1 ms
LATE = dict(frame_times=np.arange(75) / 25 + 0.4, duration=3.4)
FILES = {  # how it is written, the codec of the sound before and after
    'plain.mp4': ({}, 'aac', 'aac'),
    'late_sound.mp4': (dict(audio_start=0.4), 'aac', 'aac'),
    'late_sound.mkv': (dict(audio_start=0.4, audio_codec='pcm_s16le'), 'pcm_s16le', 'aac'),
    'late_picture.mp4': (LATE, 'aac', 'aac'),
    'variable.mp4': (dict(frame_times=VARIABLE), 'aac', 'aac'),
    'variable.mkv': (dict(frame_times=VARIABLE, audio_codec='flac'), 'flac', 'aac'),
    'late_sound.ts': (dict(fps=30000 / 1001, audio_start=0.4037), 'aac', 'aac'),
    'twice.mkv': (dict(frame_times=TWICE), 'aac', 'aac'),
    'mp3.avi': (dict(audio_codec='libmp3lame'), 'mp3', 'mp3'),
    'pcm.avi': ({}, 'pcm_s16le', 'aac'),
    'opus.webm': ({}, 'opus', 'opus'),
    'mp2.mpg': (dict(video_codec='mpeg2video', audio_codec='mp2'), 'mp2', 'aac'),
}


def flashes_and_clicks(path):
    """Times of all frames, of the bright ones, and of the onsets of clicks."""
    with open_media(path) as reader:
        dense = reader.read([np.arange(0, 3, 1 / 250)], [(0, 3)])
    bright = np.array([frame.mean() > 140 for frame in dense.frames[0]])
    times = dense.frame_pts[0]
    loud = np.flatnonzero(np.abs(dense.audio[0]) > 0.25)
    clicks = loud[np.diff(loud, prepend=-16000) > 1600] / 16000
    return np.unique(times), np.unique(times[bright]), clicks


def packets_of(path, kind):
    with av.open(str(path)) as container:
        stream = getattr(container.streams, kind)[0]
        found = [packet for packet in container.demux(stream) if packet.size]
        return stream.codec_context.codec.canonical_name, found


@pytest.mark.parametrize('sound_rate', [None, 16000])
@pytest.mark.parametrize('name', FILES)
def test_times_of_frames_and_sound_are_kept(tmp_path, flash_click, name, sound_rate):
    source, target = tmp_path / name, tmp_path / 'out.mp4'
    options, before, after = FILES[name]
    flash_click(source, INSTANTS, **{'duration': 3.0, **options})
    resize_video(source, target, short_side=32, sound_rate=sound_rate)
    times, flashes, clicks = flashes_and_clicks(source)
    new_times, new_flashes, new_clicks = flashes_and_clicks(target)
    np.testing.assert_allclose(new_times, times, atol=1e-4)
    np.testing.assert_allclose(new_flashes, flashes, atol=1e-4)
    copied = before == after and sound_rate is None
    np.testing.assert_allclose(new_clicks, clicks, atol=1e-4 if copied else 2e-3)
    np.testing.assert_allclose(new_clicks, new_flashes, atol=0.02)
    (old_codec, old), (codec, new) = packets_of(source, 'audio'), packets_of(target, 'audio')
    assert (old_codec, codec) == (before, after if sound_rate is None else 'aac')
    header = 7 if name.endswith('.ts') else 0  # ADTS: what mp4 says once
    if copied:
        assert [packet.size for packet in new] == [packet.size - header for packet in old]
    codec, pictures = packets_of(target, 'video')
    assert codec == 'h264'
    shown = sorted(pictures, key=lambda packet: packet.pts)
    keys = [index for index, packet in enumerate(shown) if packet.is_keyframe]
    assert keys == list(range(0, len(shown), 12))  # although a flash looks like a cut


@pytest.mark.parametrize(
    ('size', 'short_side', 'expected'),
    [
        ((1920, 1080), 256, (456, 256)),
        ((1080, 1920), 256, (256, 456)),
        ((320, 240), 256, (320, 240)),
        ((131, 97), 256, (130, 96)),
        ((67, 3001), 256, (66, 3000)),
        ((500, 375), 254, (338, 254)),
        ((3, 3), 256, (2, 2)),
    ],
)
def test_size(size, short_side, expected):
    assert even_size(*size, short_side) == expected


def write_picture(path, codec, pix_fmt, picture, rotation=0):
    """Writes ten equal frames."""
    with av.open(str(path), 'w') as container:
        stream = container.add_stream(codec, rate=10)
        stream.height, stream.width = picture.shape[:2]
        stream.pix_fmt = pix_fmt
        if rotation:
            if not hasattr(stream, 'set_display_rotation'):
                pytest.skip('this PyAV cannot write rotation metadata')
            stream.set_display_rotation(rotation)
        for _ in range(10):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format='rgb24')))
        container.mux(stream.encode(None))


def first_frame(path):
    with open_media(path) as reader:
        return reader.read([[0.0]]).frames[0][0].astype(int)


@pytest.mark.parametrize('angle', [90, 180, -90])
def test_rotation_is_applied(tmp_path, angle):
    picture = np.zeros((66, 96, 3), np.uint8)
    picture[:24, :36] = (240, 120, 30)  # the corner at the top left
    write_picture(tmp_path / 'turned.mp4', 'libx264', 'yuv420p', picture, angle)
    resize_video(tmp_path / 'turned.mp4', tmp_path / 'out.mp4')
    assert probe(tmp_path / 'out.mp4')['rotation'] == 0
    frame, expected = first_frame(tmp_path / 'out.mp4'), np.rot90(picture, angle // 90)
    assert frame.shape == expected.shape
    assert np.abs(frame - expected).mean() < 6


@pytest.mark.parametrize(
    ('name', 'codec', 'pix_fmt'),
    [('usual.mp4', 'libx264', 'yuv420p'), ('full.avi', 'mjpeg', 'yuvj420p'),
     ('rgb.avi', 'png', 'rgb24'), ('10bit.mkv', 'ffv1', 'yuv444p10le'), ('g.mkv', 'ffv1', 'gray')],
)  # fmt: skip
def test_colours_are_kept(tmp_path, name, codec, pix_fmt):
    picture = np.full((48, 64, 3), (200, 90, 20), np.uint8)
    picture[:, 32:] = 250
    write_picture(tmp_path / name, codec, pix_fmt, picture)
    resize_video(tmp_path / name, tmp_path / 'out.mp4', crf=5)
    frames = [first_frame(path) for path in (tmp_path / name, tmp_path / 'out.mp4')]
    for half in (slice(0, 24), slice(40, 64)):
        old, new = (frame[:, half].mean((0, 1)) for frame in frames)
        np.testing.assert_allclose(new, old, atol=3)
    with av.open(str(tmp_path / 'out.mp4')) as container:
        assert container.streams.video[0].codec_context.pix_fmt == 'yuv420p'


def test_damaged_packets_are_left_out(tmp_path, make_video):
    source = make_video(tmp_path / 'in.mkv', fps=25, gop=5, audio=None, video_codec='mpeg4')
    content = bytearray(source.read_bytes())
    third = len(content) // 3
    content[third : third + 40] = bytes(40)
    source.write_bytes(content)
    resize_video(source, tmp_path / 'out.mp4')
    frames = [(p.pts * p.time_base) for p in packets_of(tmp_path / 'out.mp4', 'video')[1]]
    with open_media(source) as reader:
        expected = np.unique(reader.read([np.arange(0, 3, 1 / 100)]).frame_pts[0])
    np.testing.assert_allclose(np.sort(np.array(frames, float)), expected, atol=1e-3)


def test_what_is_no_video_leaves_nothing_behind(tmp_path, make_video):
    with av.open(str(tmp_path / 'sound.mp4'), 'w') as container:
        stream = container.add_stream('aac', rate=16000, layout='mono')
        for _ in range(4):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), 'f'), 'fltp', 'mono')
            frame.sample_rate = 16000
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    (tmp_path / 'broken.mp4').write_text('nothing')
    (tmp_path / 'out').mkdir()
    (tmp_path / 'out/out.mp4').write_text('as it was')
    for name, reason in (('sound', 'no video'), ('broken', 'Invalid'), ('absent', 'no such')):
        with pytest.raises(MediaError, match=reason):
            resize_video(tmp_path / f'{name}.mp4', tmp_path / 'out/out.mp4')
    assert (tmp_path / 'out/out.mp4').read_text() == 'as it was'
    assert len(list((tmp_path / 'out').iterdir())) == 1
