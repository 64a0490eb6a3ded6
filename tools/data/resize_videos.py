"""Makes smaller copies of the videos below a folder, which load faster (720p: six times).

    python tools/data/resize_videos.py data/kinetics400_raw data/kinetics400
    python tools/data/resize_videos.py IN OUT --short-side 128 --workers 8

IN/a/b.avi becomes OUT/a/b.mp4: H.264, a shorter side of 256 pixels (smaller videos keep their
size), quick to decode, a key frame every 12 frames. Frames and sound keep their times; the sound is
copied if mp4 supports it; --sound-rate 16000 writes what training hears, which loads faster.
OUT/rejects.csv has the reason for each file that could not be converted. After an interruption,
the same command continues; for other settings choose another OUT.
"""

from __future__ import annotations

import argparse
import os
from collections import Counter, defaultdict
from contextlib import suppress
from functools import partial
from pathlib import Path

from avtss_mm.errors import MediaError, UsageError, user_errors
from avtss_mm.files.whole_file import draft_of
from avtss_mm.files.writable import check_writable
from avtss_mm.media import find_media
from avtss_mm.media.finding import SUFFIXES, suffix_advice
from avtss_mm.media.remote import local_path
from avtss_mm.preparation.command import add_suffixes_argument, add_work_arguments, workers_of
from avtss_mm.preparation.resize import AAC_RATES, resize_video
from avtss_mm.utils.report import format_table, progress_bar, write_csv
from avtss_mm.workers.fan_out import fan_out
from avtss_mm.workers.guarded_map import WorkerError


def parse_args(argv=None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('source', type=Path, metavar='IN', help='folder of videos, at any depth')
    parser.add_argument('target', type=local_path, metavar='OUT', help='folder to write into')
    parser.add_argument(
        '--short-side', type=int, default=256, help='pixels of the shorter side (%(default)s)'
    )
    parser.add_argument('--gop', type=int, default=12, help='frames per key frame (%(default)s)')
    parser.add_argument(
        '--crf', type=int, default=23, help='x264 quality, lower is better (%(default)s)'
    )
    parser.add_argument(
        '--sound-rate',
        type=int,
        metavar='HZ',
        help='write the sound as mono AAC at this rate; 16000 is all that training hears, and '
        'loads fastest (default: sound as it is)',
    )
    add_suffixes_argument(parser)
    add_work_arguments(parser, timeout=600)
    args = parser.parse_args(argv)
    if args.short_side < 2 or args.gop < 1 or not 0 <= args.crf <= 51:
        parser.error('--short-side must be at least 2, --gop at least 1, --crf 0 to 51')
    if args.sound_rate is not None and args.sound_rate not in AAC_RATES:
        parser.error(f'--sound-rate must be one of {sorted(AAC_RATES)}')
    return args


def plan(source: Path, target: Path, suffixes: list[str]) -> tuple[dict[str, Path], str]:
    """Plans the path of each copy, and describes the files ignored for their suffix."""
    if not source.is_dir():
        raise UsageError(f'{source} is not a folder')
    inner, outer = target.resolve(), source.resolve()
    if inner == outer or outer in inner.parents:
        raise UsageError(f'{target} lies in {source}: the copies would be taken for videos of it')
    left_out = Counter()
    videos = find_media(source, SUFFIXES.union(suffixes), every_link=True, left_out=left_out)
    copies = {name: target / Path(name).with_suffix('.mp4') for name in videos}
    advice = suffix_advice(left_out)
    if not copies:
        raise UsageError(f'{source} holds no video file' + (f'; {advice}' if advice else ''))
    names = defaultdict(list)
    for name, copy in copies.items():
        names[copy].append(name)
    for copy, both in names.items():
        if len(both) > 1:
            raise UsageError(f'{" and ".join(both)} would both become {copy}: rename one of them')
    return copies, advice


def is_done(source: Path, copy: Path) -> bool:
    try:
        return copy.stat().st_mtime_ns >= source.stat().st_mtime_ns
    except OSError:  # missing, a dangling link, a name that is too long
        return False


def resize_one(name: str, source: Path, copies: dict[str, Path], **options) -> str | None:
    """Makes a copy; returns the reason if it fails."""
    try:
        copies[name].parent.mkdir(parents=True, exist_ok=True)
        resize_video(source / name, copies[name], **options)
    except MediaError as error:
        return error.reason
    except OSError as error:
        return f'its copy cannot be written: {error.strerror}'
    return None


def summary(source: Path, copies: dict[str, Path], num_before: int, rejects: dict) -> str:
    kept = [name for name in copies if name not in rejects]
    before = sum(os.path.getsize(source / name) for name in kept)
    after = sum(os.path.getsize(copies[name]) for name in kept)
    share = f' ({after / before:.0%} of the originals)' if before else ''
    rows = [
        ('videos found', len(copies)),
        ('  done before', num_before),
        ('  done now', len(kept) - num_before),
        ('  rejected', len(rejects)),
        ('MB before', f'{before / 1e6:,.1f}'),
        ('MB after', f'{after / 1e6:,.1f}'),
    ]
    return format_table(rows) + share


def main(argv=None) -> None:
    args = parse_args(argv)
    options = {key: getattr(args, key) for key in ('short_side', 'gop', 'crf', 'sound_rate')}
    with user_errors():
        copies, advice = plan(args.source, args.target, args.suffixes)
        check_writable(args.target, 'choose another OUT')
        todo = [name for name, copy in copies.items() if not is_done(args.source / name, copy)]
        resize = partial(resize_one, source=args.source, copies=copies, **options)
        results = fan_out(resize, todo, workers_of(args), args.timeout)
        rejects = {}
        for name, reason in progress_bar(len(copies))(results, len(todo)):
            if reason is not None:
                rejects[name] = str(reason)
            if isinstance(reason, WorkerError):  # it was killed and could not clean up
                with suppress(OSError):
                    draft_of(copies[name]).unlink(missing_ok=True)
        write_csv(args.target / 'rejects.csv', ['filename', 'reason'], sorted(rejects.items()))
        print(summary(args.source, copies, len(copies) - len(todo), rejects))
        if advice:
            print(advice)
        if len(rejects) == len(copies):
            raise UsageError(f'no video could be converted: see {args.target / "rejects.csv"}')


if __name__ == '__main__':
    main()
