#!/usr/bin/env python
"""Compares the frames of the reader with those of a linear decode, pixel by pixel.

python tools/faults/picture_equality.py [SAMPLES] --out OUT

Compares the real files below SAMPLES, and files that each encoder of PyAV makes: as they are, with
a change of size in the middle, with damaged packets, and with both. Half of the moments are read
one by one, each with a seek, the others at once.

A linear decode may differ from itself: where packets are damaged, some decoders show what a reused
buffer held before. So there are two, one of which holds on to all frames. Where they differ, the
frame is not defined, and a difference of the reader means nothing.

Writes OUT/picture_equality.jsonl, one row per file, and OUT/picture_equality.md, one row per kind
and encoder. The exit status is 1 if an undamaged file differs.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory

import av
import numpy as np
from tqdm import tqdm

from avtss_mm.errors import MediaError
from avtss_mm.media import find_media, open_media
from avtss_mm.media.pyav_container import best_stream, open_input, packets
from avtss_mm.utils.report import markdown_table

FAST = {'preset': 'veryfast', 'x264-params': 'open-gop=1:b-pyramid=normal'}
QUIET = 'log-level=none'
HIDDEN = {'auto-alt-ref': '1', 'lag-in-frames': '16', 'b': '300k', 'cpu-used': '8'}
INTERLACED = {'flags': '+ilme+ildct'}
ENCODERS = (  # encoder, container, number of B-frames, options, pixel format
    *(('libx264', suffix, 3, FAST, 'yuv420p') for suffix in ('mkv', 'mp4', 'ts', 'flv')),
    ('libx264', 'avi', 2, {'preset': 'veryfast'}, 'yuv420p'),
    ('libx264', 'mov', 3, {'x264-params': 'interlaced=1'}, 'yuv420p'),
    ('libx264', 'm2ts', 0, {'x264-params': 'intra-refresh=1'}, 'yuv420p'),
    ('libx265', 'mkv', 4, {'preset': 'ultrafast', 'x265-params': QUIET}, 'yuv420p'),
    ('libx265', 'ts', 4, {'x265-params': f'interlace=tff:{QUIET}'}, 'yuv420p'),
    *(('mpeg4', suffix, 2, {}, 'yuv420p') for suffix in ('avi', 'mp4', 'mkv')),
    *(('mpeg4', suffix, 2, INTERLACED, 'yuv420p') for suffix in ('avi', 'mp4')),
    *(('mpeg2video', suffix, 2, {}, 'yuv420p') for suffix in ('ts', 'mkv')),
    ('mpeg2video', 'mpg', 2, INTERLACED, 'yuv420p'),
    ('mpeg1video', 'mpg', 2, {}, 'yuv420p'),
    *(('libvpx', suffix, 0, HIDDEN, 'yuv420p') for suffix in ('webm', 'ogv')),
    *(('libvpx-vp9', suffix, 0, HIDDEN, 'yuv420p') for suffix in ('webm', 'mp4')),
    ('libsvtav1', 'mkv', 0, {'preset': '12'}, 'yuv420p'),
    *((name, 'avi', 0, {}, 'yuv420p') for name in ('snow', 'h263p', 'msmpeg4', 'utvideo')),
    *((name, 'wmv', 0, {}, 'yuv420p') for name in ('wmv1', 'wmv2')),
    *((name, 'rm', 0, {}, 'yuv420p') for name in ('rv10', 'rv20')),
    ('flv', 'flv', 0, {}, 'yuv420p'),
    ('ffv1', 'mkv', 0, {}, 'yuv420p'),
    ('mjpeg', 'mov', 0, {}, 'yuvj420p'),
    ('prores', 'mov', 0, {}, 'yuv422p10le'),
    ('huffyuv', 'avi', 0, {}, 'yuv422p'),
    ('png', 'mov', 0, {}, 'rgb24'),
)
SIZES = ((96, 64), (64, 96), (128, 96))
KINDS = ('as it is', 'size changes', 'damaged', 'damaged, size changes')
COLUMNS = ('files', 'refused', 'moments', 'undefined', 'other time', 'other pixels')


def parse_args(argv=None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('samples', type=Path, nargs='?', metavar='SAMPLES', help='real videos')
    parser.add_argument('--out', type=Path, required=True, help='folder for the results')
    parser.add_argument('--only', nargs='+', metavar='ENCODER', help='encoders (default: all)')
    parser.add_argument('--moments', type=int, default=64, help='per made file (%(default)s)')
    parser.add_argument('--real-moments', type=int, default=8, help='per real file (%(default)s)')
    parser.add_argument('--seeds', type=int, default=4, help='damages per file (%(default)s)')
    return parser.parse_args(argv)


def main(argv=None) -> int:
    args = parse_args(argv)
    av.logging.set_level(av.logging.PANIC)
    args.out.mkdir(parents=True, exist_ok=True)
    rows = []
    with open(args.out / 'picture_equality.jsonl', 'w') as log:
        for kind, name, row in jobs(args):
            rows.append(dict(kind=kind, name=name, **row))
            log.write(json.dumps(rows[-1]) + '\n')
    table = report(rows)
    (args.out / 'picture_equality.md').write_text(table)
    print(table)
    whole = [row for row in rows if row['kind'] in ('real', KINDS[0])]
    return int(any(row.get('other time', 0) or row.get('other pixels', 0) for row in whole))


def jobs(args):
    """Yields kind, name and counts of each file."""
    for name in tqdm(find_media(args.samples) if args.samples else (), unit='file'):
        yield 'real', Path(name).suffix, compare(args.samples / name, args.real_moments, False)
    for codec, suffix, *setting in tqdm(ENCODERS, unit='encoder'):
        if args.only and codec not in args.only:
            continue
        for kind in KINDS:
            sizes = SIZES if 'size' in kind else SIZES[:1]
            whole, first = encode(codec, sizes, *setting)
            for seed in range(args.seeds if 'damaged' in kind else 1):
                spoiled = spoil(whole, seed) if 'damaged' in kind else whole
                with TemporaryDirectory() as folder:
                    path = Path(folder, f'made.{suffix}')
                    try:
                        write(path, codec, spoiled, first)
                    except av.FFmpegError:  # containers refuse some damaged packets
                        continue
                    yield kind, f'{codec} .{suffix}', compare(path, args.moments)


def encode(codec, sizes, num_b, options, pix_fmt):
    """Packets of 60 frames of each size: data, pts, dts, whether it is a key frame; the context."""
    encoded, first = [], None
    for part, (width, height) in enumerate(sizes):
        context = av.CodecContext.create(codec, 'w')
        context.width, context.height, context.pix_fmt = width, height, pix_fmt
        context.time_base, context.framerate, context.gop_size = Fraction(1, 25), 25, 20
        context.thread_count, context.options = 1, dict(options)
        if num_b:
            context.max_b_frames = num_b
        noise = np.random.default_rng(part).integers(0, 255, (height // 8, width // 8, 3))
        image = np.kron(noise, np.ones((8, 8, 1))).astype(np.uint8)
        for number in range(60):
            frame = av.VideoFrame.from_ndarray(np.roll(image, 2 * number, axis=1), 'rgb24')
            frame = frame.reformat(format=pix_fmt)
            frame.pts, frame.time_base = number + 60 * part, Fraction(1, 25)
            encoded += context.encode(frame)
        encoded += context.encode(None)
        first = first or context
    return [(bytes(p), p.pts, p.dts, p.is_keyframe) for p in encoded], first


def spoil(whole: list, seed: int) -> list:
    """Overwrites, cuts or fills with ones about a third of the packets after the twentieth."""
    rng, spoiled = np.random.default_rng(seed), list(whole)
    for index, (data, *rest) in enumerate(whole[20:], 20):
        if rng.random() < 0.3 and len(data) > 20:
            half = len(data) // 2
            ways = (b'\xff' * len(data), data[: half // 2], data[:half] + rng.bytes(half))
            spoiled[index] = (ways[rng.integers(3)], *rest)
    return spoiled


def write(path: Path, codec: str, encoded: list, context) -> None:
    with av.open(str(path), 'w') as container:
        stream = container.add_stream(codec, rate=25)
        stream.width, stream.height = context.width, context.height
        stream.pix_fmt = context.pix_fmt
        if context.extradata:
            stream.codec_context.extradata = context.extradata
        for data, pts, dts, is_key in encoded:
            packet = av.Packet(data)
            packet.pts, packet.dts, packet.time_base = pts, dts, Fraction(1, 25)
            packet.stream, packet.is_keyframe = stream, is_key
            container.mux(packet)


def compare(path: Path, number: int, twice: bool = True) -> dict:
    """Counts the moments at which the reader and a linear decode differ.

    Without ``twice``, that decode is not compared with one that holds on to its frames: those of a
    real file may not fit into memory.
    """
    try:
        times, plain = linear(path)
        held = linear(path, hold=True)[1] if twice else plain
        asked = np.random.default_rng(0).uniform(0, times[-1] + 0.2, number)
        with open_media(path) as reader:
            turns = reader.info.rotation // 90
            clips = [reader.read([[time]]) for time in asked[: number // 2]]
            clips.append(reader.read([asked[number // 2 :]]))
    except (MediaError, av.FFmpegError):
        return dict(files=1, refused=1)
    counts = dict(files=1, moments=number, **dict.fromkeys(COLUMNS[3:], 0))
    images = [image for clip in clips for image in clip.frames[0]]
    found = np.concatenate([clip.frame_pts[0] for clip in clips])
    for time, at, image in zip(asked, found, images):
        index = max(np.searchsorted(times, time + 1e-3, side='right') - 1, 0)
        if plain[index] != held[index]:
            counts['undefined'] += 1
        elif abs(at - times[index]) > 2e-3:
            counts['other time'] += 1
        else:
            counts['other pixels'] += digest(np.rot90(image, -turns)) != plain[index]
    return {name: int(count) for name, count in counts.items()}


def linear(path: Path, hold: bool = False) -> tuple[np.ndarray, list[bytes]]:
    """Decodes a file from its beginning to its end: times (n,) and digests of the frames."""
    times, digests, kept, size, step = [], [], [], (), 0.04
    with open_input(str(path)) as container:
        stream = best_stream(container, 'video')
        if stream is None:
            raise MediaError(path, 'no video stream')
        stream.codec_context.thread_count = 1
        step = 1 / float(stream.average_rate or 25)
        is_avi = container.format.name == 'avi'  # its frames come in order, without times
        for packet in packets(container, stream):
            try:
                frames = packet.decode()
            except (av.FFmpegError, ValueError):
                continue
            kept += frames if hold else []
            for frame in frames:
                stamp = frame.dts if is_avi else frame.pts
                if stamp is None and not (is_avi and times):
                    continue
                time = times[-1] + step if stamp is None else float(stamp * stream.time_base)
                if not times or time > times[-1]:
                    size = size or (frame.width, frame.height)
                    times.append(time)
                    digests.append(digest(frame.reformat(*size, format='rgb24').to_ndarray()))
    return np.array(times) - times[0], digests


def digest(image: np.ndarray) -> bytes:
    return hashlib.blake2b(np.ascontiguousarray(image).tobytes(), digest_size=16).digest()


def report(rows: list[dict]) -> str:
    """Formats the counts as Markdown: a row per kind, and one per encoder that differs."""
    table = []
    for kind in dict.fromkeys(row['kind'] for row in rows):
        chosen = [row for row in rows if row['kind'] == kind]
        for name in ('all', *dict.fromkeys(row['name'] for row in chosen)):
            some = [row for row in chosen if name in ('all', row['name'])]
            sums = [sum(row.get(column, 0) for row in some) for column in COLUMNS]
            if name == 'all' or any(sums[3:]):
                table.append([kind, name, *(count or '' for count in sums)])
    return markdown_table(['kind', 'file', *COLUMNS], table, right=True) + '\n'


if __name__ == '__main__':
    sys.exit(main())
