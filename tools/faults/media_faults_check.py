"""Whether what a reader gives is what a file holds, for ``media_faults.py``."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np

from avtss_mm.errors import MediaError
from avtss_mm.media import open_media, probe
from avtss_mm.media.base import TOLERANCE
from avtss_mm.media.pyav_container import best_stream, open_input, packets

TICK = 2e-3
"""Seconds by which times of one frame may differ: mkv rounds them to milliseconds."""

COUNTED = 1.0
"""Seconds by which damage may shift the frames of an avi file, which are counted."""

OLDER = 'older frame: '
"""Begins a problem of damaged pictures: a seek, or leaving out frames, lost more than need be."""

BLUR = 16
"""Samples that are averaged first: two resamplers place the highest tones a little differently."""

ALIKE = 0.9
"""Least correlation of a sound with the same stretch, decoded from the beginning."""


def examine(item: tuple) -> tuple[dict | str, list[str]]:
    """Probes a file, and compares frames and sound with those of a plain pass over it.

    Args:
        item: Path; whether the file is whole; times of its frames where known; the file that it
            was made of by damage, None of one that changes meanwhile; seed.

    Returns:
        tuple: The facts, or why there are none; and what is wrong about them.
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
    """What is wrong with the frames.

    After damage a seek may find frames that a plain pass does not come to, but then those of the
    undamaged file; none older than those of the pass, and none too early.
    """
    times = plain_times(path)
    further = plain_times(source) if source else times
    problems = []
    if truth is not None and (len(times) != len(truth) or np.abs(times - truth).max() > TICK):
        problems.append(f'{len(times)} frames where {len(truth)} were written, or other times')
    end = facts['duration']
    step = 1 / facts['fps'] if facts['fps'] else end  # a header may say that frames last for years
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
        step = max(step, TICK)  # a header may say a million frames a second
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
    """When the frames of a file are shown, by decoding it from the beginning to the end."""
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
                if is_avi and stamp is None:  # what the decoder held back to the end
                    step = round(1 / (stream.average_rate * stream.time_base))
                    stamp = times[-1] + step if times else 0
                if stamp is not None and (not times or stamp > times[-1]):
                    times.append(stamp)
        return (np.array(times) - times[0]) * float(stream.time_base)


def _sound(path: Path, facts: dict) -> list[str]:
    """Compares a stretch with the whole sound, which is put together by timestamps alone."""
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
