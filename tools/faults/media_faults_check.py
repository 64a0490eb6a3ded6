"""Compares what a reader returns with a plain pass over the file, for ``media_faults.py``."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np

from avtss_mm.errors import MediaError
from avtss_mm.media import open_media, probe
from avtss_mm.media.base import TOLERANCE
from avtss_mm.media.pyav_container import best_stream, open_input, packets

TICK = 2e-3
"""Seconds by which two times of one frame may differ: mkv rounds times to milliseconds."""

COUNTED = 1.0
"""Seconds by which damage may shift the frames of an avi file, whose times come from counting."""

OLDER = 'older frame: '
"""Start of a problem with a damaged video: a seek or skipped frames lost more than necessary."""

BLUR = 16
"""Samples to average before comparing: resamplers place the highest tones a little differently."""

ALIKE = 0.9
"""Minimum correlation of a sound with the same window, decoded from the beginning."""


def examine(item: tuple) -> tuple[dict | str, list[str]]:
    """Probes a file and compares its frames and sound with those of a plain pass over it.

    Args:
        item: Path; whether the file is intact; times of its frames if known; the file from which
            damage made it, None for a file that changes meanwhile; seed.

    Returns:
        tuple: Metadata, or why there is none; and the list of problems.
    """
    path, is_whole, truth, source, seed = item
    path = Path(path)
    try:
        facts = probe(path, require_video=False)
    except MediaError as error:
        return str(error), []
    problems = []
    if facts['width'] and (is_whole or source):
        problems += _picture(path, facts, truth, None if is_whole else source, seed)
    if facts['has_audio'] and is_whole:
        problems += _sound(path, facts)
    return facts, problems


def _picture(path: Path, facts: dict, truth, source: Path | None, seed: int) -> list[str]:
    """Lists the problems of the frames.

    In a damaged file a seek may find frames that a plain pass does not reach. They must be frames
    of the undamaged file, neither older than those of the pass nor later than the time asked for.
    """
    times = plain_times(path)
    further = plain_times(source) if source else times
    problems = []
    if truth is not None and (len(times) != len(truth) or np.abs(times - truth).max() > TICK):
        problems.append(f'{len(times)} frames where {len(truth)} were written, or other times')
    end = facts['duration']
    step = 1 / facts['fps'] if facts['fps'] else end  # a header may claim frames of several years
    latest = max(times[-1], further[-1] if source else 0)
    counted = path.suffix == '.avi'  # it stores no times: damage may shift its frames
    slack = TICK + 2 * step + COUNTED * bool(source and counted)
    if not times[-1] - TICK < end < latest + slack:
        older = OLDER if source and 0 < end <= times[-1] else ''
        problems.append(f'{older}duration {end} s, but the last frame is at {times[-1]:.3f}')
    rng = np.random.default_rng(seed)
    asked = rng.uniform(-0.5, times[-1] + 0.5, 12)
    with open_media(path) as reader:
        got = [*reader.read([asked[:8]]).frame_pts[0]]
        got += [reader.read([[time]]).frame_pts[0][0] for time in asked[8:]]  # each is a seek
    known = np.concatenate([times, further])
    if counted:
        step = max(step, TICK)  # a header may claim a million frames per second
        known = np.arange(-4 * step, latest + COUNTED, step)
    for time, found in zip(asked, got):
        at = max(time, 0) + TOLERANCE
        shown = times[max(np.searchsorted(times, at, side='right') - 1, 0)]
        if (
            abs(found - shown) <= TICK
            or source
            and shown < found <= at + TICK
            and _in(known, found)
        ):
            continue
        older = source and found < shown
        problems.append(
            f'{OLDER if older else ""}asked for {time:.3f} s, got the frame of {found:.3f} s, '
            f'where that of {shown:.3f} s is on screen'
        )
    return problems


def _in(times: np.ndarray, time: float) -> bool:
    return bool(np.abs(times - time).min() < TICK)


def plain_times(path: Path) -> np.ndarray:
    """Reads the times of all frames by decoding the file from beginning to end."""
    times = []
    with open_input(str(path)) as container:
        stream = best_stream(container, 'video')
        stream.codec_context.thread_count = 1
        is_avi = container.format.name == 'avi'
        for packet in packets(container, stream):
            try:
                frames = packet.decode()
            except (av.FFmpegError, ValueError):
                continue
            for frame in frames:
                stamp = frame.dts if is_avi else frame.pts
                if is_avi and stamp is None:  # a frame that the decoder held back until the end
                    step = round(1 / (stream.average_rate * stream.time_base))
                    stamp = times[-1] + step if times else 0
                if stamp is not None and (not times or stamp > times[-1]):
                    times.append(stamp)
        return (np.array(times) - times[0]) * float(stream.time_base)


def _sound(path: Path, facts: dict) -> list[str]:
    """Compares a window of sound with the same window of a plain pass; lists the problems."""
    rate, begin, seconds = 16000, facts['duration'] / 2, min(1.0, facts['duration'] / 2)
    with open_media(path) as reader:
        ours = reader.read(audio_windows=[(begin, begin + seconds)], sample_rate=rate).audio[0]
    whole, zero = np.zeros(0, np.float32), 0.0
    with open_input(str(path)) as container:
        if container.streams.video:
            zero = next(container.decode(video=0)).time
    with open_input(str(path)) as container:
        resampler = av.AudioResampler(format='flt', layout='mono', rate=rate)
        chunks, first = [], None
        for frame in container.decode(audio=0):
            first = frame.time if first is None else first
            frame.pts = None
            chunks += [part.to_ndarray()[0] for part in resampler.resample(frame)]
        whole = np.concatenate(chunks)
    start = round((begin + zero - first) * rate)
    theirs = np.zeros(len(ours), np.float32)
    low, high = max(start, 0), max(min(start + len(ours), len(whole)), 0)
    if low < high:
        theirs[low - start : high - start] = whole[low:high]
    ours, theirs = (np.convolve(sound, np.ones(BLUR)) for sound in (ours, theirs))
    norms = np.linalg.norm(ours) * np.linalg.norm(theirs)
    if max(np.abs(ours).max(initial=0), np.abs(theirs).max(initial=0)) < 1e-3:
        return []
    alike = float(ours @ theirs / norms) if norms else 0.0
    return (
        [] if alike > ALIKE else [f'sound at {begin:.2f} s is not that of the file ({alike:.2f})']
    )
