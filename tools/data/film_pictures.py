"""Films pictures into short videos with sound, to measure on what no training saw.

    python tools/data/film_pictures.py data/free_media -o data/free_videos --num-videos 60

takes the pictures, sprites and sounds of ``dev/`` as ``prepare_free_media.py`` collects them. A
video has two to four shots. Equal arguments give equal files.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np

from avtss_mm.errors import user_errors
from avtss_mm.media import build_manifest, save_manifest, write_video
from avtss_mm.media.remote import local_path
from avtss_mm.workers.progress import bar

FPS, SAMPLE_RATE, SIDE = 12.5, 16000, 180


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('media', type=Path, help='folder that prepare_free_media.py wrote')
    parser.add_argument('-o', '--out', type=local_path, required=True, help='folder to write into')
    parser.add_argument('--split', choices=['train', 'dev'], default='dev', help='(%(default)s)')
    parser.add_argument('--num-videos', type=int, default=60, help='(%(default)s)')
    parser.add_argument('--duration', type=float, default=8.0, help='seconds of each (%(default)s)')
    parser.add_argument('--seed', type=int, default=0, help='random seed (%(default)s)')
    args = parser.parse_args(argv)
    # here, what takes seconds: --help does not need it
    from avtss_mm.datasets.transforms.collage import list_files, mix_sounds
    from avtss_mm.utils.seeding import seeded

    pictures, sprites, sounds = (
        list_files(str(args.media / kind / args.split), suffix)
        for kind, suffix in (('pictures', '.jpg'), ('sprites', '.png'), ('sounds', '.wav'))
    )
    (args.out / 'videos').mkdir(parents=True, exist_ok=True)
    for index in bar(range(args.num_videos), unit='video'):
        with seeded(args.seed, index):
            # each picture in one video only, as far as there are enough
            own = pictures[index :: args.num_videos]
            frames = film(own or pictures, sprites, args.duration)
            sound = mix_sounds(sounds, round(args.duration * SAMPLE_RATE), SAMPLE_RATE)
            path = args.out / 'videos' / f'{index:04d}.mp4'
            write_video(path, frames, FPS, sound, SAMPLE_RATE)
    save_manifest(args.out / 'test.json', build_manifest(args.out)[0])


def film(pictures: list[str], sprites: list[str], duration: float) -> Iterator[np.ndarray]:
    """Yields the frames of a video of two to four shots, RGB uint8 (H, W, 3)."""
    from avtss_mm.datasets.transforms.collage import Scene

    cuts = np.sort(np.random.uniform(0.1, 0.9, np.random.randint(1, 4))) * duration
    times = np.arange(round(duration * FPS)) / FPS
    aspect = np.random.choice((4 / 3, 16 / 9))
    for part in np.split(times, np.searchsorted(times, cuts)):
        picture = cv2.imread(pictures[np.random.randint(len(pictures))])
        scene = Scene(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), sprites, SIDE, duration, aspect)
        yield from (scene.frame(time) for time in part)


if __name__ == '__main__':
    with user_errors():
        main()
