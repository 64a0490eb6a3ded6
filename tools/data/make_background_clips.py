#!/usr/bin/env python
"""Makes the background clips that come with the package, from free photographs, music and speech.

    python tools/data/make_background_clips.py avtss_mm/fingerprint/background_clips

Each clip moves over one photograph of Debian's wallpapers, to music or speech. The packages are
downloaded with apt-get. ``SOURCES.csv`` says where each clip comes from; its licence allows changes
and sharing under the same terms (CC BY 4.0, CC BY-SA 3.0 or 4.0).
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import cv2
import numpy as np
from prepare_free_media import SAMPLE_RATE, download, members, pieces

from avtss_mm.errors import user_errors
from avtss_mm.media import write_video
from avtss_mm.media.remote import local_path
from avtss_mm.utils.report import write_csv

PICTURES = ('lomiri-wallpapers-16.04', '20.04.0-2'), ('lomiri-wallpapers-20.04', '20.04.0-2')
MUSIC = 'hyperrogue-music', '12.0q-1'
SPEECH = 'asterisk-core-sounds-en-wav', '1.6.1-1'
MUSICIANS = ('hr3-', 'hr-domina-', 'hr-savino-')
"""Starts of the names of the pieces that are under CC BY-SA 3.0."""
SIZE, FPS, DURATION = (160, 120), 12.5, 6
NUMBER = 18


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('out', type=local_path, help='folder to write into')
    parser.add_argument(
        '--debs', type=Path, help='folder of the packages (default: a temporary one)'
    )
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        debs = args.debs or Path(folder)
        photographs = [
            (f'{package}: {name}', content)
            for package, version in PICTURES
            for name, content in contents(debs, package, version, '.jpg')
        ]
        music = contents(debs, *MUSIC, '.ogg')
        music = [(name, pieces(data)) for name, data in music if name.startswith(MUSICIANS)]
        speech = contents(debs, *SPEECH, '.wav')
    played = [(name, parts) for name, parts in music if parts]
    rng = np.random.default_rng(0)
    rng.shuffle(speech)
    speech = iter(speech)
    rows = []
    for number, (picture, content) in enumerate(photographs[:NUMBER]):
        if number % 2:
            name, parts = played[number // 2]
            sound, heard = parts[len(parts) // 2], f'{MUSIC[0]}: {name}'
        else:
            names, parts = zip(*spoken(speech))
            sound, heard = np.concatenate(parts), f'{SPEECH[0]}: {" ".join(names)}'
        sound = sound[: DURATION * SAMPLE_RATE].astype(np.float32)
        image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
        path = args.out / f'{number:02d}.mp4'
        frames = moved_over(image, rng)
        write_video(path, frames, FPS, 0.7 * sound / abs(sound).max(), SAMPLE_RATE, crf=30)
        rows.append((path.name, picture, heard))
    write_csv(args.out / 'SOURCES.csv', ('clip', 'picture', 'sound'), rows)


def contents(debs: Path, package: str, version: str, suffix: str) -> list[tuple[str, bytes]]:
    """Names and contents of the files of a package that end in a suffix, sorted."""
    found = members(download(debs, package, version))
    paths = ((PurePosixPath(name), content) for name, content in found)
    return sorted((path.name, content) for path, content in paths if path.suffix == suffix)


def spoken(speech: Iterator[tuple[str, bytes]]) -> list[tuple[str, np.ndarray]]:
    """The next recordings that last as long as a clip together."""
    parts, length = [], 0
    while length < DURATION * SAMPLE_RATE:
        name, content = next(speech)
        for part in pieces(content):
            parts.append((name, part))
            length += len(part)
    return parts


def moved_over(image: np.ndarray, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Yields RGB frames of a camera that moves and zooms evenly over an image (H, W, 3) BGR."""
    width, height = SIZE
    whole = min(image.shape[1] / width, image.shape[0] / height)
    zooms, places = rng.uniform(0.3, 0.8, 2), rng.uniform(0, 1, (2, 2))
    for share in np.linspace(0, 1, round(DURATION * FPS)):
        scale = whole * ((1 - share) * zooms[0] + share * zooms[1])
        free = image.shape[1] - scale * width, image.shape[0] - scale * height
        left, top = ((1 - share) * places[0] + share * places[1]) * free
        box = image[int(top) : int(top + scale * height), int(left) : int(left + scale * width)]
        yield cv2.resize(box, SIZE, interpolation=cv2.INTER_AREA)[..., ::-1]


if __name__ == '__main__':
    with user_errors():
        main()
