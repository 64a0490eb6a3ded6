"""Real files of data sets, if a folder of them is available.

The folder is $AVTSS_MM_MEDIA, or ``shared/data`` beside the repository.
"""

import csv
import os
import time
from pathlib import Path

import av
import numpy as np
import pytest

from avtss_mm.media import open_media
from avtss_mm.media.pyav_container import open_input

ROOT = Path(os.environ.get('AVTSS_MM_MEDIA', Path(__file__).parents[3] / 'shared/data'))

pytestmark = pytest.mark.skipif(
    not (ROOT / 'MANIFEST.csv').is_file(), reason='no folder of real files at hand'
)


@pytest.mark.slow
def test_every_video_gives_frames_and_sound():
    rng = np.random.default_rng(0)
    with open(ROOT / 'MANIFEST.csv', newline='') as file:
        videos = [row for row in csv.DictReader(file) if row['vcodec']]
    assert len(videos) > 100
    failures, seconds = [], []
    for row in videos:
        begin = time.perf_counter()
        with open_media(ROOT / row['path']) as reader:
            duration = reader.info.duration
            starts = rng.uniform(0, max(duration - 1, 0.01), 3)
            windows = [(start, min(start + 1, duration)) for start in starts]
            clips = reader.read([start + np.arange(16) / 16 for start in starts], windows)
        seconds.append(time.perf_counter() - begin)
        facts = reader.info
        if abs(duration - float(row['duration_s'])) > 0.5:
            failures.append(f'{row["path"]}: lasts {duration:.2f} s, not {row["duration_s"]}')
        if facts.has_audio != (row['has_audio'] == '1'):
            failures.append(f'{row["path"]}: sound {facts.has_audio}, not {row["has_audio"]}')
        for start, frames, pts in zip(starts, clips.frames, clips.frame_pts):
            late = np.clip(start + np.arange(16) / 16, 0, duration) - pts
            if frames[0].shape != (facts.height, facts.width, 3) or not (-2e-3 < late).all():
                failures.append(f'{row["path"]}: wrong frames at {start:.2f} s')
    assert not failures, '\n'.join(failures)
    print(f'{len(videos)} files, {np.median(seconds) * 1e3:.0f} ms each (median)')


def plain_sound(path) -> tuple[np.ndarray, int, float]:
    """A track's mono sound (n,) as its decoder returns it, its rate, and its start in the file."""
    with open_input(str(path)) as container:
        stream = container.streams.best('audio')
        frames = [frame for packet in container.demux(stream) for frame in packet.decode()]
    layout = 'mono' if frames[0].layout.nb_channels == 1 else 'stereo'
    begin, mixer, chunks = frames[0].time, av.AudioResampler('fltp', layout), []
    for frame in frames:
        frame.pts = None
        chunks += [part.to_ndarray() for part in mixer.resample(frame)]
    sound = np.concatenate(chunks, axis=1)
    return sound.sum(0) * (0.5 ** ((len(sound) - 1) / 2)), frames[0].sample_rate, begin


def test_sound_equals_a_plain_decode_without_holes():
    """The timestamps of some of these clips jitter by up to 21 ms."""
    names = ['M1pPtg6a_g8_000230', 'MnEZwnRuQR8_000030', '-26aVYRtEAc_000030']
    paths = [ROOT / f'vggsound_mini/video/{name}.mp4' for name in names]
    for path in [*paths, ROOT / 'video_fp/ref/r01.mp4', ROOT / 'video_fp/query/q_r01_trim2s.mp4']:
        plain, rate, begin = plain_sound(path)
        with open_input(str(path)) as container:
            start = begin - next(container.decode(video=0)).time
        with open_media(path) as reader:
            window = (start, start + len(plain) / rate)
            heard = reader.read(audio_windows=[window], sample_rate=rate).audio[0]
        fits = []
        for lag in range(-rate // 500, rate // 500):  # jitter leaves two milliseconds
            fits.append(
                np.corrcoef(heard[2000:-2000], plain[2000 + lag :][: len(heard) - 4000])[0, 1]
            )
        assert max(fits) > 0.98, f'{path}: {max(fits)}'
