"""Real files as data sets hold them, where a folder of them is at hand.

The folder is $AVTSS_MM_MEDIA, or ``shared/data`` beside the repository.
"""

import csv
import os
import time
from pathlib import Path

import numpy as np
import pytest

from avtss_mm.media import open_media

ROOT = Path(os.environ.get('AVTSS_MM_MEDIA', Path(__file__).parents[3] / 'shared/data'))

pytestmark = pytest.mark.skipif(
    not (ROOT / 'MANIFEST.csv').is_file(), reason='no folder of real files at hand'
)


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
