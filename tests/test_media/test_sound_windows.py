"""A window of sound equals the same part of a whole track decoded from its beginning."""

import av
import numpy as np
import pytest
from helpers.stamped_video import write_stamped

from avtss_mm.media import open_media

RATE = 16000
MP3 = dict(audio_codec='libmp3lame')
FILES = {  # name: arguments of write_stamped
    'aac.mp4': dict(),  # begins with a packet of a negative time that only primes the decoder
    'aac.mov': dict(),
    'late.mp4': dict(audio_start=0.4),
    'late_picture.mp4': dict(frame_times=np.arange(100) / 25 + 0.4),
    'mp3.mp4': MP3,
    'aac.mkv': dict(),
    'opus.mkv': dict(audio_codec='libopus'),
    'opus.webm': dict(),
    'mp3.avi': MP3,
    'pcm.avi': dict(),
    'aac.ts': dict(),
}


def whole_track(path) -> tuple[np.ndarray, float]:
    """The sound (n,) decoded without a seek, and its start relative to the first frame."""
    with av.open(str(path)) as container:
        zero = next(container.decode(video=0)).time
    resampler = av.AudioResampler(format='flt', layout='mono', rate=RATE)
    with av.open(str(path)) as container:
        frames = list(container.decode(audio=0))
    before = np.cumsum([0, *(frame.samples / frame.sample_rate for frame in frames)])[:-1]
    # the median: mkv rounds timestamps to milliseconds
    begin = np.median([frame.time for frame in frames] - before) - zero
    for frame in frames:
        frame.pts = None  # the resampler counts samples
    chunks = [chunk for frame in [*frames, None] for chunk in resampler.resample(frame)]
    return np.concatenate([chunk.to_ndarray()[0] for chunk in chunks]), begin


@pytest.mark.parametrize('name', FILES)
def test_a_window_equals_the_whole_track_there(tmp_path, name):
    write_stamped(tmp_path / name, **FILES[name])
    track, begin = whole_track(tmp_path / name)
    lead = round(begin * RATE)
    track = np.pad(track[max(-lead, 0) :], (max(lead, 0), RATE))
    assert np.abs(track[round(0.4 * RATE) :][:400]).max() > 0.3  # a tone from the start on
    for start in (0, 0.02, 0.1, 0.5, 1.37, 3.0):
        with open_media(tmp_path / name) as reader:
            waveform = reader.read(audio_windows=[(start, start + 1)]).audio[0]
        reference = track[round(start * RATE) :][:RATE]
        np.testing.assert_allclose(waveform, reference, atol=0.02, err_msg=f'from {start} s')


@pytest.mark.parametrize('name', ['a.mp3', 'a.m4a', 'a.opus', 'a.flac'])
def test_a_sound_file_is_heard_from_its_first_sample_on(tmp_path, name):
    codec = dict(mp3='libmp3lame', m4a='aac', opus='libopus', flac='flac')[name[2:]]
    noise = np.random.default_rng(0).normal(0, 3000, 2 * RATE).astype(np.int16)
    with av.open(str(tmp_path / name), 'w') as target:
        track = target.add_stream(codec, rate=RATE, layout='mono')
        track.bit_rate = 128000
        frame = av.AudioFrame.from_ndarray(noise[None], 's16', 'mono')
        frame.rate, frame.pts = RATE, 0
        resampler = av.AudioResampler(track.format, 'mono', RATE, track.frame_size)
        for part in [*resampler.resample(frame), *resampler.resample(None), None]:
            target.mux(track.encode(part))
    with open_media(tmp_path / name) as reader:
        heard = reader.read(audio_windows=[(0, 1)]).audio[0]
    for begin in (0, 160, 320):  # of 10 ms each
        part = slice(begin, begin + 160)
        assert np.corrcoef(heard[part], noise[part])[0, 1] > 0.8, begin
