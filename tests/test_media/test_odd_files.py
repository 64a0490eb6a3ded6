"""Files that are less simple than they look: cut, rotated, with gaps, with many channels."""

from fractions import Fraction

import av
import numpy as np
import pytest
from av.stream import Disposition
from helpers.stamped_video import on_screen, read_stamp, stamp, write_stamped

from avtss_mm.errors import MediaError
from avtss_mm.media import open_media, write_video


def test_avi_with_empty_frames(tmp_path, backend):
    """A variable frame rate in avi: empty frames follow frames that last longer.

    With sound beside it, FFmpeg miscounts the empty frames after a seek.
    """
    slots = np.cumsum(np.random.default_rng(2).integers(1, 4, 80))
    slots -= slots[0]
    with av.open(str(tmp_path / 'a.avi'), 'w') as container:
        video = container.add_stream('mpeg4', rate=25)
        video.width, video.height, video.pix_fmt, video.gop_size = 96, 32, 'yuv420p', 10
        audio = container.add_stream('pcm_s16le', rate=16000, layout='mono')
        written = 0
        for number, slot in enumerate(slots):
            picture = av.VideoFrame.from_ndarray(stamp(number), format='rgb24')
            picture.pts = int(slot)
            container.mux(video.encode(picture))
            while written < slot * 640:
                sound = av.AudioFrame.from_ndarray(np.zeros((1, 1152), '<i2'), 's16', 'mono')
                sound.sample_rate = 16000
                container.mux(audio.encode(sound))
                written += 1152
        container.mux(video.encode(None))
    times = slots / 25
    with open_media(tmp_path / 'a.avi', backend) as reader:
        for time in np.arange(0.1, times[-1], 0.33)[::-1]:  # each is a seek
            frames = reader.read([[time, time + 0.5]]).frames[0]
            assert [read_stamp(frame) for frame in frames] == on_screen(times, [time, time + 0.5])


def test_sound_after_a_gap_is_placed_by_its_timestamps(tmp_path):
    click = np.zeros((1, 1024), 'f')
    click[0, :160] = 0.8
    with av.open(str(tmp_path / 'gap.mkv'), 'w') as container:
        stream = container.add_stream('pcm_s16le', rate=16000, layout='mono')
        for pts in [0, 16000, 32000 + 8000]:  # clicks at 0, 1 and 2.5 s, and nothing between
            frame = av.AudioFrame.from_ndarray((click * 32767).astype('<i2'), 's16', 'mono')
            frame.sample_rate, frame.pts, frame.time_base = 16000, pts, Fraction(1, 16000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with open_media(tmp_path / 'gap.mkv') as reader:
        waveform = reader.read(audio_windows=[(0, 3)]).audio[0]
    loud = np.flatnonzero(np.abs(waveform) > 0.4)
    onsets = loud[np.diff(loud, prepend=-16000) > 1000] / 16000
    np.testing.assert_allclose(onsets, [0, 1, 2.5], atol=0.002)


def cut_by_stream_copy(source, target, wanted):
    """Copies a file from the last key frame before ``wanted`` seconds on; returns the true cut."""
    with av.open(str(source)) as whole:
        keys = [p.pts * p.time_base for p in whole.demux(video=0) if p.is_keyframe]
    key = max(time for time in keys if time <= wanted)
    cut = key + Fraction(1, 5)
    with av.open(str(source)) as whole, av.open(str(target), 'w') as clip:
        streams = {s: clip.add_stream_from_template(s) for s in whole.streams}
        for packet in whole.demux(list(streams)):
            first = key if packet.stream.type == 'video' else cut
            if packet.dts is None or packet.pts * packet.time_base < first:
                continue
            shift = round(cut / packet.time_base)
            packet.pts, packet.dts = packet.pts - shift, packet.dts - shift
            packet.stream = streams[packet.stream]
            clip.mux(packet)
    return float(cut)


def test_frames_before_the_cut_of_an_edit_list_are_not_shown(tmp_path, backend):
    """A clip cut by stream copy starts at a key frame and hides the frames before the cut."""
    whole, clip = tmp_path / 'whole.mp4', tmp_path / 'clip.mp4'
    write_stamped(whole, num_frames=150, gop=50)
    cut = cut_by_stream_copy(whole, clip, 2.8)
    times = np.array([0.0, 0.2, 1.0, 2.4, 3.4])
    with open_media(clip, backend) as reader, open_media(whole) as reference:
        ours = reader.read([times + 0.01], [(0.5, 1.0)])
        theirs = reference.read([times + cut + 0.01], [(0.5 + cut, 1.0 + cut)])
    stamps = [read_stamp(frame) for frame in theirs.frames[0]]
    assert [read_stamp(frame) for frame in ours.frames[0]] == stamps
    assert stamps[0] == round(cut * 25)
    np.testing.assert_allclose(ours.audio[0], theirs.audio[0], atol=0.05)


@pytest.mark.parametrize('angle', [90, 180, -90])
def test_rotation_is_applied(tmp_path, backend, angle):
    picture = np.zeros((64, 96, 3), np.uint8)
    picture[:16, :24] = 250  # the corner at the top left
    with av.open(str(tmp_path / 'turned.mp4'), 'w') as container:
        stream = container.add_stream('libx264', rate=25)
        stream.width, stream.height, stream.pix_fmt = 96, 64, 'yuv420p'
        if not hasattr(stream, 'set_display_rotation'):
            pytest.skip('this PyAV cannot write rotation metadata')
        stream.set_display_rotation(angle)
        for _ in range(5):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format='rgb24')))
        container.mux(stream.encode(None))
    with open_media(tmp_path / 'turned.mp4', backend) as reader:
        frame = reader.read([np.array([0.0])]).frames[0][0]
        info = reader.info
    assert info.rotation == angle % 360
    assert (info.height, info.width) == frame.shape[:2]
    assert np.abs(frame.astype(int) - np.rot90(picture, angle // 90)).mean() < 6


@pytest.mark.parametrize('channels', [2, 6, 8])
def test_many_channels_are_mixed_to_mono(tmp_path, channels):
    sound = np.random.default_rng(0).normal(0, 0.1, (32000, channels)).astype('f')
    frames = (np.zeros((32, 32, 3), np.uint8) for _ in range(50))
    write_video(tmp_path / 'many.mp4', frames, 25, sound, 16000)
    with open_media(tmp_path / 'many.mp4') as reader:
        assert reader.info.channels == channels
        waveform = reader.read(audio_windows=[(0.5, 1.5)]).audio[0]
    assert waveform.shape == (16000,)
    assert 0.01 < waveform.std() < 0.2


def test_file_without_picture(tmp_path):
    with av.open(str(tmp_path / 'only.wav'), 'w') as container:
        stream = container.add_stream('pcm_s16le', rate=16000, layout='mono')
        tone = (8000 * np.sin(np.arange(32000) / 8)).astype('<i2')[None]
        frame = av.AudioFrame.from_ndarray(tone, format='s16', layout='mono')
        frame.sample_rate = 16000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with open_media(tmp_path / 'only.wav') as reader:
        assert not reader.info.has_video
        assert reader.info.duration == pytest.approx(2.0)
        waveform = reader.read(audio_windows=[(0.5, 1.0)]).audio[0]
        np.testing.assert_allclose(waveform, tone[0, 8000:16000] / 32768, atol=1e-3)
        with pytest.raises(MediaError, match='only.wav: no video stream'):
            reader.read([np.array([0.0])])


def test_cover_art_is_no_picture(tmp_path):
    with av.open(str(tmp_path / 'song.mp4'), 'w') as container:
        sound = container.add_stream('aac', rate=16000, layout='mono')
        cover = container.add_stream('mjpeg', rate=1)
        cover.width, cover.height, cover.pix_fmt = 32, 32, 'yuvj420p'
        cover.disposition = Disposition.attached_pic
        for _ in range(20):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), 'f'), 'fltp', 'mono')
            frame.sample_rate = 16000
            container.mux(sound.encode(frame))
        picture = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), 'rgb24')
        for packets in (sound.encode(None), cover.encode(picture), cover.encode(None)):
            container.mux(packets)
    with open_media(tmp_path / 'song.mp4') as reader:
        assert (reader.info.has_video, reader.info.has_audio) == (False, True)


def test_a_bare_stream_is_counted_from_its_beginning(tmp_path):
    """It stores no timestamps, and FFmpeg makes them up after a seek."""
    write_stamped(tmp_path / 'whole.avi', num_frames=150, audio=False, gop=25)
    whole, bare = str(tmp_path / 'whole.avi'), str(tmp_path / 'bare.m4v')
    with av.open(whole) as source, av.open(bare, 'w', format='m4v') as target:
        copied = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = copied
                target.mux(packet)
    with open_media(tmp_path / 'bare.m4v') as reader:
        numbers = [read_stamp(reader.read([[n / 25]]).frames[0][0]) for n in (120, 30, 80, 3)]
    assert numbers == [120, 30, 80, 3]


def test_an_absurd_duration_is_not_believed(tmp_path):
    write_stamped(tmp_path / 'file.avi', num_frames=50)
    data = bytearray((tmp_path / 'file.avi').read_bytes())
    length = data.index(b'strh') + 8 + 32  # of the first stream, the picture, in frames
    data[length : length + 4] = (10**8).to_bytes(4, 'little')
    (tmp_path / 'absurd.avi').write_bytes(data)
    with av.open(str(tmp_path / 'absurd.avi')) as container:
        assert container.streams.video[0].duration == 10**8
    with open_media(tmp_path / 'absurd.avi') as reader:
        assert reader.info.duration == pytest.approx(2.0, abs=0.05)


def test_a_picture_that_changes_its_size_keeps_that_of_the_first_frame(tmp_path, backend):
    """Broadcasts do this, and damaged files."""
    times = np.arange(25) / 25
    large, small = np.full((25, 48, 64, 3), 200, np.uint8), np.full((25, 24, 32, 3), 50, np.uint8)
    write_video(tmp_path / 'a.ts', large, 25, frame_times=times)
    write_video(tmp_path / 'b.ts', small, 25, frame_times=times + 1)
    path = tmp_path / 'both.ts'
    path.write_bytes(b''.join((tmp_path / name).read_bytes() for name in ('a.ts', 'b.ts')))
    with open_media(path, backend) as reader:
        first, last = reader.read([np.array([0.5, 1.5])]).frames[0]
    assert first.shape == last.shape == (48, 64, 3)
    assert first.mean() == pytest.approx(200, abs=3) and last.mean() == pytest.approx(50, abs=3)


def test_titles_that_are_no_utf8(tmp_path, make_video, monkeypatch):
    path = make_video(tmp_path / 'a.mkv', duration=1)
    with av.open(str(path)) as source, av.open(str(tmp_path / 'titled.mkv'), 'w') as titled:
        titled.metadata['title'] = 'QQQQ'
        track = titled.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = track
                titled.mux(packet)
    path.write_bytes((tmp_path / 'titled.mkv').read_bytes().replace(b'QQQQ', b'caf\xe9'))
    with open_media(path) as reader:
        assert reader.info.duration == pytest.approx(1, abs=0.1)

    stock = av.open

    def of_pyav_19(file, mode='r', *, timeout=None):
        return stock(file, mode, timeout=timeout)

    monkeypatch.setattr(av, 'open', of_pyav_19)
    make_video(path, duration=1)
    with open_media(path) as reader:
        assert reader.info.duration == pytest.approx(1, abs=0.1)
