"""What a manifest says of a file, checked by decoding rather than read off the header."""

from __future__ import annotations

import numpy as np

from ..errors import MediaError
from .base import FAR
from .reader import open_media

SILENCE = 1e-3
"""Amplitude (-60 dBFS) below which a sample counts as silence."""

NUM_WINDOWS = 4
WINDOW = 1.0
"""Stretches of a long sound that are listened to, and their length in seconds."""

NUM_LOOKS = 8
"""Moments, spread over a picture, at which it is looked for a frame."""

OLD = 0.5
"""Seconds by which a frame may be older than the one that should be there, and still counts."""

MIN_DECODED = 0.5
"""Least share of the picture that must decode."""

SHORT = 6.0
"""Seconds up to which a file is heard in full, which costs little more than the stretches."""


def probe(
    path, backend: str = 'pyav', require_video: bool = True, min_decoded: float = MIN_DECODED
) -> dict:
    """Facts of a media file as a row of a manifest.

    The end of the picture is decoded, and its last frame gives the duration: headers can be
    absent, absurd, or promise more than decodes. Sound is called silent when no sample reaches
    -60 dBFS. Of a file longer than 6 s only 4 stretches of 1 s, spread over it, are heard: cheap,
    but a lone sound between them goes unnoticed.

    Args:
        path: File to look into.
        backend: See :func:`open_media`.
        require_video: Whether a file without picture is an error.
        min_decoded: Least share of the picture that must decode, by 8 moments spread over it.

    Returns:
        dict: ``filename`` (as given), ``duration`` (s), ``num_frames`` (of the header where it
        fits the duration), ``fps``, ``width``, ``height``, ``rotation``, ``has_audio``,
        ``audio_sample_rate``, ``silent`` (True without sound track). Where it is so: ``decoded``,
        the share of the picture that decodes, and ``antiphase``: channels cancel each other in a
        plain mix, and one alone is read.

    Raises:
        MediaError: If the file does not open, too little of it decodes, or it has no picture
            though it must.
    """
    with open_media(path, backend) as reader:
        info = reader.info
        if require_video and not info.has_video:
            raise MediaError(path, 'no video stream')
        duration, num_frames = reader.measured_duration(), info.num_frames
        odd = {}
        if info.has_video:
            decoded = _share_that_decodes(reader)
            if decoded < min_decoded:
                raise MediaError(path, f'only {decoded:.0%} of the picture decodes')
            odd = dict(decoded=round(decoded, 3)) if decoded < 1 else {}
            estimate = round(duration * info.fps)
            if abs(num_frames - estimate) > 0.1 * estimate:
                num_frames = estimate
        silent = _is_silent(reader, duration)
        if reader.antiphase:
            odd['antiphase'] = True
    return dict(
        filename=str(path),
        duration=round(duration, 3),
        num_frames=num_frames,
        fps=round(info.fps, 3),
        width=info.width,
        height=info.height,
        rotation=info.rotation,
        has_audio=info.has_audio,
        audio_sample_rate=info.sample_rate,
        silent=silent,
        **odd,
    )


def _share_that_decodes(reader) -> float:
    """Of the moments of the picture, how many show a frame that belongs there."""
    end = reader.read([[FAR]])
    times = np.linspace(0, end.frame_pts[0][0] + end.frame_ages[0][0], NUM_LOOKS)
    return float((reader.read([times]).frame_ages[0] <= OLD).mean())


def _is_silent(reader, duration: float) -> bool:
    windows = [(0, duration)]
    if duration > SHORT:
        starts = np.linspace(0, duration - WINDOW, NUM_WINDOWS)
        windows = [(start, start + WINDOW) for start in starts]
    sound = reader.read(audio_windows=windows).audio if reader.info.has_audio else []
    return not any(np.abs(waveform).max(initial=0) > SILENCE for waveform in sound)
