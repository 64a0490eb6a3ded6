#!/usr/bin/env python
"""Cost of a sample from loose files and from shards, on a disk and from a server with a delay.

python tools/benchmarks/sources.py DIR --shards SHARDS --out OUT

DIR and SHARDS have a manifest.json of the same videos (tools/data/make_shards.py). The server is a
process of this machine, which waits before each answer. Files are in the memory of the system.
"""

from __future__ import annotations

import multiprocessing
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from measuring import parser, report
from range_server import http_server

if TYPE_CHECKING:  # what takes seconds is imported in functions: --help does not need it
    from avtss_mm.datasets import AudioVisualDataset

PIPELINE = [
    dict(type='AVInit'),
    dict(type='SampleAVClips', clip_len=16, video_fps=15, speeds=(1, 2)),
    dict(type='AVDecode'),
    dict(type='Resize', scale=(112, 112), keep_ratio=False),
    dict(type='FormatShape', input_format='NCTHW'),
    dict(type='MelSpectrogram'),
    dict(type='PackActionInputs', collect_keys=('imgs', 'audios')),
]


def serve(folders: list[str], delay: float, end) -> None:
    """Serves folders; answers each message with the URLs and the requests since the last one."""
    with http_server(folders[0]) as one, http_server(folders[1]) as two:
        one.delay = two.delay = delay
        while end.recv():
            end.send([(server.url, list(server.requests)) for server in (one, two)])
            for server in (one, two):
                server.requests.clear()


def samples(dataset: AudioVisualDataset, number: int, epoch: int) -> list[float]:
    """Seconds of each of some samples."""
    dataset.set_epoch(epoch, seed=0)
    seconds = []
    for index in np.linspace(0, len(dataset) - 1, number).astype(int):
        start = time.perf_counter()
        dataset[int(index)]
        seconds.append(time.perf_counter() - start)
    return seconds


def main() -> None:
    parse = parser(__doc__)
    parse.add_argument('folder', type=Path, metavar='DIR', help='loose files with manifest.json')
    parse.add_argument('--shards', type=Path, required=True, help='the same in shards')
    parse.add_argument('--delay', type=float, default=0.02, help='seconds (%(default)s)')
    parse.add_argument('--number', type=int, default=100, help='samples a round (%(default)s)')
    args = parse.parse_args()
    from mmengine.logging import MMLogger
    from mmengine.registry import init_default_scope

    from avtss_mm.datasets import AudioVisualDataset

    number = min(args.number, 5) if args.small else args.number
    init_default_scope('mmaction')
    MMLogger.get_current_instance().setLevel('ERROR')
    folders = [str(args.folder), str(args.shards)]
    ours, theirs = multiprocessing.Pipe()
    work = (folders, args.delay, theirs)
    server = multiprocessing.get_context('fork').Process(target=serve, args=work, daemon=True)
    server.start()
    ours.send(True)
    places = {f'{kind}, disk': folder for kind, folder in zip(('loose', 'shards'), folders)}
    served = f'server, {args.delay * 1e3:g} ms'
    for kind, (url, _) in zip(('loose', 'shards'), ours.recv()):
        places[f'{kind}, {served}'] = url
    opened = {
        name: AudioVisualDataset('manifest.json', PIPELINE, data_root=root, timeout=None)
        for name, root in places.items()
    }
    seconds = {name: [] for name in places}
    asked = {name: [] for name in places}
    for epoch in range(-1, args.repeat):  # alternating, the first not counted
        for name, dataset in opened.items():
            ours.send(True)
            ours.recv()
            taken = samples(dataset, number, epoch + 1)
            ours.send(True)
            requests = [request for _, some in ours.recv() for request in some]
            if epoch >= 0:
                seconds[name] += taken
                asked[name] += requests
    ours.send(False)
    server.join()
    rows = [
        {
            '': name,
            'ms a sample': float(np.median(values)) * 1e3,
            'mean ms': float(np.mean(values)) * 1e3,
            'requests a sample': len(asked[name]) / len(values),
            'MB a sample': sum(number for _, number in asked[name]) / len(values) / 1e6,
        }
        for name, values in seconds.items()
    ]
    size = sum(path.stat().st_size for path in args.folder.rglob('*.*')) / 1e6
    title = f'{len(opened["loose, disk"])} videos, {size:.1f} MB (lower is better)'
    report('sources', {title: rows}, args.out)


if __name__ == '__main__':
    main()
