"""Collects freely licensed pictures and sounds, from which clips are generated to train copies.

    python tools/data/prepare_free_media.py data/free_media

downloads the packages of ``free_media.csv`` from Debian's archive (apt-get, 4 GB), whose section
``main`` holds free works only. It writes pictures, sprites (pictures with transparent parts) and
sounds, each in ``train/`` and ``dev/``, the manifests ``train.json`` and ``dev.json`` of the
pictures, the licence note of each package, and ``packages.csv``. Packages are either in train or in
dev. Near copies of a picture are left out. After an interruption, the same command goes on.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import subprocess
import tarfile
import wave
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

import av
import cv2
import numpy as np

from avtss_mm.errors import UsageError, user_errors
from avtss_mm.files.whole_file import write_whole
from avtss_mm.media import save_manifest
from avtss_mm.media.finding import AUDIO_SUFFIXES
from avtss_mm.media.pyav_container import open_input
from avtss_mm.media.remote import local_path
from avtss_mm.utils.report import write_csv
from avtss_mm.workers.progress import bar

LIST = Path(__file__).with_name('free_media.csv')
PICTURE_SUFFIXES = {'.jpg', '.jpeg', '.png', '.webp'}
LARGEST = 2**26
"""Bytes of the largest file that is read."""
SIDE, SPRITE_SIDE = 192, 96
"""Pixels of the shorter side of a picture, and of the longer side of a sprite."""
SAMPLE_RATE, PIECE, PIECES = 16000, 10, 12
"""Hz; seconds of a piece of sound; most pieces of a file."""
DURATION = 4.0
"""Seconds of a clip that is generated from a picture."""
MOST = 1500
"""Most files of a kind from one package."""
NEAR = 6
"""Bits of 64 by which the hashes of different pictures must differ."""


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('out', type=local_path, help='folder to write into')
    parser.add_argument('--packages', type=Path, default=LIST, help='CSV: package,version,split')
    parser.add_argument('--debs', type=Path, help='folder of the packages (default: OUT/debs)')
    args = parser.parse_args(argv)
    debs = args.debs or args.out / 'debs'
    debs.mkdir(parents=True, exist_ok=True)
    with open(args.packages, newline='') as file:
        packages = list(csv.DictReader(file))
    hashes = Hashes()
    for row in bar(packages, unit='package'):
        note = args.out / 'packages' / f'{row["package"]}.json'
        if note.exists():
            kept = json.loads(note.read_text())
            hashes.add(kept.pop('hashes'))
        else:
            deb = download(debs, row['package'], row['version'])
            kept = unpack(deb, args.out, row['package'], row['split'], hashes)
            write_whole(note, json.dumps(dict(kept, hashes=hashes.new())))
        row.update(kept)
    write_csv(args.out / 'packages.csv', list(packages[0]), [row.values() for row in packages])
    for split in ('train', 'dev'):
        names = sorted((args.out / 'pictures' / split).glob('*.jpg'))
        rows = [
            dict(filename=path.relative_to(args.out).as_posix(), duration=DURATION)
            for path in names
        ]
        save_manifest(args.out / f'{split}.json', rows)
        print(f'{args.out / split}.json: {len(rows)} pictures')


def download(folder: Path, package: str, version: str) -> Path:
    """Downloads a package of Debian's section main, unless it is there."""
    deb = folder / f'{package}_{version.replace(":", "%3a")}_all.deb'
    if not deb.exists():
        name = f'{package}={version}'
        facts = run('apt-cache', 'show', name)
        section = next(line for line in facts.splitlines() if line.startswith('Section:'))
        if '/' in section:  # non-free/..., contrib/...
            raise UsageError(f'{package} is not in main: {section}')
        run('apt-get', 'download', name, cwd=folder)
    return deb


def run(*command: str, cwd: Path | None = None) -> str:
    try:
        return subprocess.run(command, cwd=cwd, check=True, capture_output=True, text=True).stdout
    except FileNotFoundError as error:
        raise UsageError(f'{command[0]} is missing: run this on Debian') from error
    except subprocess.CalledProcessError as error:
        raise UsageError(f'{" ".join(command)}: {error.stderr.strip()}') from error


def unpack(deb: Path, out: Path, package: str, split: str, hashes: Hashes) -> dict[str, int]:
    """Writes the pictures, sprites and sounds of a package; returns their numbers."""
    counts = dict(pictures=0, sprites=0, sounds=0)

    def path(kind: str, suffix: str) -> Path:
        folder = out / kind / split
        folder.mkdir(parents=True, exist_ok=True)
        counts[kind] += 1
        return folder / f'{package}_{counts[kind]:04d}{suffix}'

    licence = None
    for name, content in members(deb):
        suffix = PurePosixPath(name).suffix.lower()
        if name.endswith(f'/doc/{package}/copyright'):
            licence = content.decode('utf-8', 'replace')
        elif suffix in PICTURE_SUFFIXES:
            kind, image = picture(content)
            if image is not None and counts[kind] < MOST and hashes.is_new(image):
                options = [cv2.IMWRITE_JPEG_QUALITY, 92] if kind == 'pictures' else []
                cv2.imwrite(str(path(kind, '.jpg' if options else '.png')), image, options)
        elif suffix in AUDIO_SUFFIXES and counts['sounds'] < MOST:
            for piece in pieces(content):
                write_wave(path('sounds', '.wav'), piece)
    if licence is None:
        raise UsageError(f'{deb} has no licence note')
    write_whole(out / 'licences' / f'{package}.txt', licence)
    return counts


def members(deb: Path) -> Iterator[tuple[str, bytes]]:
    """Yields the names and contents of the files of a package; nothing is written under them."""
    with subprocess.Popen(['dpkg-deb', '--fsys-tarfile', deb], stdout=subprocess.PIPE) as process:
        with tarfile.open(fileobj=process.stdout, mode='r|') as archive:
            for member in archive:
                if member.isfile() and member.size <= LARGEST:
                    yield member.name, archive.extractfile(member).read()
    if process.returncode:
        raise UsageError(f'{deb} cannot be unpacked: delete it and start again')


def picture(content: bytes) -> tuple[str, np.ndarray | None]:
    """Decodes a picture, BGR(A), and says whether it is one of ``'pictures'`` or ``'sprites'``.

    Pictures that are small, plain or very long are None.
    """
    image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    if image is None or image.dtype != np.uint8 or min(image.shape[:2]) < 48:
        return 'pictures', None
    if image.ndim == 3 and image.shape[2] == 4 and np.mean(image[..., 3] < 128) > 0.1:
        scale = SPRITE_SIDE / max(image.shape[:2])
        solid = image[image[..., 3] > 128]
        plain = len(solid) < 200 or solid.std() < 8
        return 'sprites', None if plain else shrink(image, scale)
    image = cv2.cvtColor(image, cv2.COLOR_GRAY2BGR) if image.ndim == 2 else image[..., :3]
    small, large = sorted(image.shape[:2])
    if small < 128 or large > 4 * small or image.std() < 12:
        return 'pictures', None
    return 'pictures', shrink(image, SIDE / small)


def shrink(image: np.ndarray, scale: float) -> np.ndarray:
    if scale >= 1:
        return image
    return cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)


def pieces(content: bytes) -> list[np.ndarray]:
    """Decodes a sound into pieces of up to 10 s, int16; those below 1 s or silent are dropped."""
    length, parts, total = PIECE * SAMPLE_RATE, [], 0
    resampler = av.AudioResampler(format='s16', layout='mono', rate=SAMPLE_RATE)
    try:
        with open_input(io.BytesIO(content)) as container:
            for frame in container.decode(audio=0):
                parts += [part.to_ndarray()[0] for part in resampler.resample(frame)]
                total += frame.samples / frame.sample_rate
                if total > PIECE * PIECES:
                    break
    except (av.FFmpegError, IndexError):  # damaged, or without sound
        pass
    sound = np.concatenate([np.empty(0, np.int16), *parts])
    cut = [sound[first : first + length] for first in range(0, len(sound), length)]
    return [part for part in cut if len(part) >= SAMPLE_RATE and part.astype(float).std() > 100]


def write_wave(path: Path, sound: np.ndarray) -> None:
    with wave.open(str(path), 'wb') as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes(sound.astype('<i2').tobytes())


class Hashes:
    """Difference hashes (64 signs) of the pictures so far, to leave out near copies and mirrors."""

    def __init__(self) -> None:
        self._known = np.empty((0, 64), np.float32)
        self._new = 0

    def is_new(self, image: np.ndarray) -> bool:
        """Whether no picture before was nearly this one; then it becomes known."""
        grey = cv2.cvtColor(image[..., :3], cv2.COLOR_BGR2GRAY)
        found = np.stack([difference_hash(side) for side in (grey, grey[:, ::-1])])
        if (self._known @ found.T > 64 - 2 * NEAR).any():
            return False
        self.add(found[:1])
        self._new += 1
        return True

    def new(self) -> list[list[int]]:
        """Hashes since the last call."""
        first, self._new = len(self._known) - self._new, 0
        return self._known[first:].astype(int).tolist()

    def add(self, signs: Sequence[Sequence[int]]) -> None:
        """Makes hashes known."""
        self._known = np.concatenate([self._known, np.array(signs, np.float32).reshape(-1, 64)])


def difference_hash(grey: np.ndarray) -> np.ndarray:
    """Whether each of 8 x 8 places is brighter than its right neighbour: 64 times 1 or -1."""
    small = cv2.resize(grey, (9, 8), interpolation=cv2.INTER_AREA).astype(np.float32)
    return np.where(small[:, 1:] > small[:, :-1], 1, -1).ravel().astype(np.float32)


if __name__ == '__main__':
    with user_errors():
        main()
