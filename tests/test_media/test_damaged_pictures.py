"""Frames of many codecs equal those of a plain pass; where packets are damaged, ages are told."""

import shutil
import sys
from contextlib import suppress
from fractions import Fraction

import av
import numpy as np
import pytest
from helpers.commands import ROOT
from helpers.stamped_video import read_stamp, stamp, write_stamped

from avtss_mm.errors import MediaError
from avtss_mm.media import build_manifest, open_media, probe

sys.path.append(str(ROOT / 'tools/faults'))
from picture_equality import write  # noqa: E402

FAST = {'preset': 'ultrafast', 'bf': '3', 'x264-params': 'open-gop=1:b-pyramid=normal:bframes=3'}
HIDDEN = {'auto-alt-ref': '1', 'lag-in-frames': '16', 'cpu-used': '8', 'b': '300k'}
B_FRAMES = {'bf': '2'}
INTERLACED = {'bf': '2', 'flags': '+ilme+ildct'}
CODECS = {  # by file: encoder, its options, whether it may change the size in the middle
    'a.mkv': ('libx264', FAST, True),
    'a.mp4': ('libx264', FAST, False),
    'b.ts': ('libx264', FAST, True),
    'c.mkv': ('libx265', {'preset': 'ultrafast'}, True),
    'a.webm': ('libvpx', HIDDEN, True),
    'b.webm': ('libvpx-vp9', HIDDEN, True),
    'a.avi': ('mpeg4', B_FRAMES, False),
    'd.mkv': ('mpeg4', B_FRAMES, False),
    'x.avi': ('libx264', {'preset': 'veryfast', 'bf': '3'}, False),
    'i.avi': ('mpeg4', INTERLACED, False),
    'i.mp4': ('mpeg4', INTERLACED, False),
    'e.ts': ('mpeg2video', B_FRAMES, True),
    'a.mpg': ('mpeg1video', B_FRAMES, False),
    'a.flv': ('flv', {}, False),
    'a.wmv': ('wmv2', {}, False),
}


def encode(codec, options, sizes, num_frames=41):  # the last one is a key frame
    """Packets of a stream whose size changes: data, pts, dts, whether it is a key frame."""
    packets, first = [], None
    for part, (width, height) in enumerate(sizes):
        context = av.CodecContext.create(codec, 'w')
        context.width, context.height, context.pix_fmt = width, height, 'yuv420p'
        context.time_base, context.framerate, context.gop_size = Fraction(1, 25), 25, 20
        context.thread_count, context.options = 1, dict(options)
        first = first or context
        for index in range(num_frames):
            number = index + part * num_frames
            frame = av.VideoFrame.from_ndarray(stamp(number), 'rgb24')
            frame = frame.reformat(width, height, format='yuv420p')
            frame.pts, frame.time_base = number, Fraction(1, 25)
            packets += context.encode(frame)
        packets += context.encode(None)
    return [(bytes(p), p.pts, p.dts, p.is_keyframe) for p in packets], first


def plain_pass(path):
    """Times (n,) after the first and frames of a file, decoded from its beginning to its end."""
    times, images, frames = [], [], []
    with av.open(str(path)) as container:
        container.streams.video[0].codec_context.thread_count = 1
        is_avi = container.format.name == 'avi'
        for packet in container.demux(video=0):
            with suppress(av.FFmpegError):
                frames += packet.decode()
        for frame in frames:
            size = (images[0].shape[1], images[0].shape[0]) if images else (None, None)
            stamp = frame.dts if is_avi else frame.pts
            time = times[-1] + 0.04 if stamp is None else stamp * float(frame.time_base)
            if not times or time > times[-1]:
                images.append(frame.reformat(*size, format='rgb24').to_ndarray())
                times.append(time)
    return np.array(times) - times[0], images


@pytest.mark.parametrize('changes', [False, True], ids=['', 'size changes'])
@pytest.mark.parametrize('name', CODECS)
def test_frames_equal_those_of_a_plain_pass(tmp_path, name, changes):
    codec, options, may_change = CODECS[name]
    if changes and not may_change:
        pytest.skip('this codec keeps its size')
    sizes = [(96, 32), (64, 96), (192, 64)] if changes else [(96, 32)]
    write(tmp_path / name, codec, *encode(codec, options, sizes))
    times, images = plain_pass(tmp_path / name)
    asked = np.random.default_rng(0).uniform(0, times[-1] + 0.1, 24)
    with open_media(tmp_path / name) as reader:
        alone = [reader.read([[time]]) for time in asked]
        group = reader.read([asked])
        assert changes or not reader._damaged
    for index, time in enumerate(asked):
        shown = max(np.searchsorted(times, time + 1e-3, side='right') - 1, 0)
        for clips, at in ((alone[index], 0), (group, index)):
            found = clips.frame_pts[0][at]
            if changes and codec == 'mpeg2video' and found > times[shown] + 1e-3:
                assert found <= time + 1e-3  # a plain pass loses the last frame of each size
                continue
            assert found == pytest.approx(times[shown], abs=2e-3), time
            np.testing.assert_array_equal(clips.frames[0][at], images[shown])
            assert changes or clips.frame_ages[0][at] == 0


def spoil(packets, rng, first=10):
    """Overwrites the second half of every third packet: decoders report and conceal that."""
    return [
        (data[: len(data) // 2] + rng.bytes(len(data) // 2), *rest)
        if index >= first and index % 3 == 0
        else (data, *rest)
        for index, (data, *rest) in enumerate(packets)
    ]


CONCEALED = ('a.mkv', 'a.mp4', 'b.ts', 'a.avi', 'd.mkv', 'e.ts', 'a.flv', 'a.wmv')


@pytest.mark.parametrize('name', CONCEALED)
def test_what_a_decoder_makes_up_for_damage_equals_a_plain_pass(tmp_path, name):
    codec, options, _ = CODECS[name]
    packets, context = encode(codec, options, [(96, 32)], 80)
    rng = np.random.default_rng(0)
    write(tmp_path / name, codec, spoil(packets, rng), context)
    times, images = plain_pass(tmp_path / name)
    asked = rng.uniform(0, times[-1], 24)
    with open_media(tmp_path / name) as reader:
        clips = reader.read([asked, asked[::-1]])
        alone = [reader.read([[time]]).frames[0][0] for time in asked]
    shown = np.searchsorted(times, asked + 1e-3, side='right') - 1
    np.testing.assert_allclose(clips.frame_pts[0], times[shown], atol=2e-3)
    np.testing.assert_array_equal(clips.frames[0], [images[index] for index in shown])
    np.testing.assert_array_equal(alone, clips.frames[0])


def test_damage_late_in_a_long_file_costs_half_a_minute_of_decoding(tmp_path):
    packets, context = encode('mpeg2video', B_FRAMES, [(96, 32)], 1600)
    packets = spoil(packets, np.random.default_rng(0), 1500)
    write(tmp_path / 'long.mkv', 'mpeg2video', packets, context)
    times, images = plain_pass(tmp_path / 'long.mkv')
    asked = np.array([2.0, 61.0, 62.5])
    with open_media(tmp_path / 'long.mkv') as reader:
        clips = reader.read([asked])
        before = reader._num_decoded
        reader.read([asked])
        assert reader._num_decoded - before < 25 * 36
    shown = np.searchsorted(times, asked + 1e-3, side='right') - 1
    np.testing.assert_array_equal(clips.frames[0], [images[index] for index in shown])


@pytest.fixture(scope='module')
def damaged(tmp_path_factory):
    """Eight seconds of which the packets from 3 to 5 s are noise, and no key frame after 0 s."""
    folder = tmp_path_factory.mktemp('damaged')
    write_stamped(folder / 'whole.mp4', num_frames=200, gop=20)
    data = bytearray((folder / 'whole.mp4').read_bytes())
    with av.open(str(folder / 'whole.mp4')) as container:
        spots = [(p.pos, p.size, p.pts * float(p.time_base)) for p in container.demux(video=0)
                 if p.size]  # fmt: skip
    for pos, size, second in spots:
        if 3 <= second < 5:
            data[pos : pos + size] = b'\xff' * size
    (folder / 'part.mp4').write_bytes(data)
    for pos, size, second in spots:
        if second > 0.1:
            data[pos : pos + size] = b'\xff' * size
    (folder / 'nearly_all.mp4').write_bytes(data)
    return folder


def test_ages_of_frames_that_stand_in(damaged):
    asked = np.array([1.0, 2.98, 3.5, 4.9, 5.2, 7.0])
    with open_media(damaged / 'part.mp4') as reader:
        clips = reader.read([asked])
    stamps = np.array([read_stamp(frame) for frame in clips.frames[0]])
    assert stamps[[0, 4, 5]].tolist() == [25, 130, 175]
    assert ((stamps[1:4] >= 72) & (stamps[1:4] < 75)).all()  # a plain pass has 72 there, too
    due = np.floor(asked * 25 + 1e-3) - stamps
    np.testing.assert_allclose(clips.frame_ages[0], due / 25, atol=1e-3)


def test_a_bound_on_the_age(damaged):
    with open_media(damaged / 'part.mp4', max_age=1.0) as reader:
        reader.read([[1.0, 3.5, 7.0]])
        with pytest.raises(
            MediaError, match=r'part.mp4: a frame that is (1\.9\d|2\.00) s older replaces'
        ):
            reader.read([[1.0, 4.9, 7.0]])


def test_a_list_says_what_share_decodes_and_refuses_what_hardly_does(damaged, tmp_path):
    assert 'decoded' not in probe(damaged / 'whole.mp4')
    assert 0.5 <= probe(damaged / 'part.mp4')['decoded'] < 1
    for name in ('whole.mp4', 'part.mp4', 'nearly_all.mp4'):
        shutil.copy(damaged / name, tmp_path)
    rows, rejects = build_manifest(tmp_path)
    assert [row['filename'] for row in rows] == ['part.mp4', 'whole.mp4']
    assert rejects == {'nearly_all.mp4': 'only 11% of the video decodes'}
    assert probe(damaged / 'nearly_all.mp4', min_decoded=0)['decoded'] < 0.2
