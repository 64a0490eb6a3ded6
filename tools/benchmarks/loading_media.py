"""Files and windows of the loading benchmark, and the packets that they need."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from avtss_mm.datasets.transforms import SampleAVClips
from avtss_mm.media import find_media, open_media, write_video
from avtss_mm.media.pyav_container import open_input
from avtss_mm.utils.seeding import seeded

SECONDS, SIZE, SOUND_RATE = 10, (340, 256), 44100
KINDS = ('GOP 12', 'GOP 250', 'as it is')


def make_media(samples: Path, folder: Path, num_files: int) -> dict[str, list[Path]]:
    """Makes files of 10 s, 340 x 256, 25 and 30 fps, H.264 + AAC.

    Args:
        samples: Folder of real videos; those of at least 10 s with sound are used.
        folder: Folder to write into; existing files are kept.
        num_files: Number of files of each kind.

    Returns:
        dict: Paths of the files by kind; the last kind are the originals.
    """
    sources = [samples / name for name in find_media(samples) if _serves(samples / name)]
    if len(sources) < num_files:
        raise SystemExit(f'error: {len(sources)} videos of 10 s with sound below {samples}')
    files = {kind: [] for kind in KINDS}
    for number, source in enumerate(tqdm(sources[:num_files], desc='files', leave=False)):
        fps, images = (25, 30)[number % 2], None
        for kind in KINDS[:2]:
            path = folder / f'{number:02d}_{kind.replace(" ", "_")}.mp4'
            files[kind].append(path)
            if path.exists():
                continue
            if images is None:
                with open_media(source) as reader:
                    times, window = np.arange(SECONDS * fps) / fps, (0, SECONDS)
                    clips = reader.read([times], [window], SOUND_RATE)
                images = [cv2.resize(img, SIZE, interpolation=cv2.INTER_AREA)
                          for img in clips.frames[0]]  # fmt: skip
            sound = np.stack([clips.audio[0]] * 2, axis=1)
            write_video(path, images, fps, sound, SOUND_RATE, gop=int(kind.split()[1]))
        files['as it is'].append(source)
    return files


def _serves(path: Path) -> bool:
    with open_media(path) as reader:
        info = reader.info
    return info.has_video and info.has_audio and info.duration >= SECONDS - 0.1 and info.fps >= 24


@dataclass
class Work:
    """A sample to load.

    Attributes:
        path: Path of the video.
        seed: Seed of the draws.
        frame_times: Times of the frames in seconds, shape (2, 16).
        frame_inds: Indices of the frames on screen at those times, shape (32,).
        audio_windows: Start and end of the two windows in seconds.
    """

    path: Path
    seed: int
    frame_times: np.ndarray
    frame_inds: np.ndarray
    audio_windows: list[tuple[float, float]]


def make_work(files: list[Path], sampler: SampleAVClips, draws: int) -> list[Work]:
    """Draws the windows of each file ``draws`` times."""
    work = []
    for number, path in enumerate(files):
        with open_media(path) as reader:
            duration = reader.info.duration
        with open_input(str(path)) as container:
            frames = container.decode(container.streams.video[0])
            stamps = np.array([frame.time for frame in frames])
        for draw in range(draws):
            seed = number * draws + draw
            with seeded(seed):
                drawn = sampler(dict(duration=duration))
            times = np.stack(drawn['frame_times'])
            inds = np.searchsorted(stamps - stamps[0], times.ravel() + 1e-6, side='right') - 1
            work.append(Work(path, seed, times, inds, drawn['audio_windows']))
    return work


def needed_packets(item: Work) -> tuple[list, list]:
    """Reads the packets that must be decoded for a sample into memory.

    Returns:
        tuple: Video packets from the preceding key frames on, as pairs ``(packet, whether to skip
        it if no other frame refers to it)``, and audio packets.
    """
    with open_input(str(item.path)) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        pictures, sounds = [], []
        for packet in container.demux(video, audio):
            if packet.pts is not None and packet.size:
                (pictures if packet.stream is video else sounds).append(packet)
        stamps = np.sort([p.pts for p in pictures])
        shown = stamps[stamps >= 0]  # an edit list hides the frames before zero
        wanted = set(shown[np.minimum(item.frame_inds, len(shown) - 1)].tolist())
        needed = _from_key_frames(pictures, wanted)
        zero = float(shown[0] * video.time_base)
        heard = [
            packet
            for packet in sounds
            for time in [float(packet.pts * packet.time_base) - zero]
            if any(a - 0.05 <= time <= b for a, b in item.audio_windows)
        ]
    return needed, heard


def _from_key_frames(pictures: list, wanted: set[int]) -> list[tuple]:
    """Selects the packets of each group of pictures up to its last wanted frame."""
    needed, group = [], []

    def close() -> None:
        last = max((i for i, p in enumerate(group) if p.pts in wanted), default=-1)
        needed.extend((p, p.pts not in wanted) for p in group[: last + 1])

    for packet in pictures:
        if packet.is_keyframe and group:
            close()
            group = []
        group.append(packet)
    close()
    return needed
