#!/usr/bin/env python
"""Time to load a sample: two clips and their log-mels, against the decoder alone and against peers.

python tools/benchmarks/loading.py SAMPLES --out OUT
python tools/benchmarks/loading.py SAMPLES --small

From real videos below SAMPLES, files of 10 s, 340 x 256, 25 and 30 fps, H.264 + AAC are made, with
a key frame every 12 and every 250 frames; the originals are used as they are, too. A sample is what
the configs of pre-training ask for: two clips of 16 x 112 x 112 at drawn speeds and directions with
augmentation, and the two log-mels, packed.

*decoder alone*: the packets of exactly these frames and sounds, from the key frames before them on,
are in memory and go through FFmpeg's decoders; nothing else is done. The peers get the same frames,
and without the sound where they have none. All take turns.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections import defaultdict
from pathlib import Path

os.environ.setdefault('OMP_NUM_THREADS', '1')

import cv2
import torch
from loading_media import Work, make_media, make_work
from loading_peers import decode_alone, stock, torchcodec_frames, torchcodec_sampler
from measuring import compare, in_turn, parser, report
from mmaction.registry import DATASETS, TRANSFORMS
from mmengine.dataset import pseudo_collate
from mmengine.registry import init_default_scope
from torch.utils.data import DataLoader, Dataset

from avtss_mm.datasets.transforms import SampleAVClips
from avtss_mm.media import open_media, probe, save_manifest
from avtss_mm.utils.config import read_config
from avtss_mm.utils.seeding import seeded

CONFIG = Path(__file__).parents[2] / 'configs/pretrain/avtss_r2plus1d_k400.py'
BASE = 'decoder alone'
WORKERS = 2


def main() -> None:
    parse = parser(__doc__)
    parse.add_argument('samples', type=Path, metavar='SAMPLES', help='folder of real videos')
    parse.add_argument('--media', type=Path, help='keep the files here (default: nowhere)')
    args = parse.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(0)
    init_default_scope('mmaction')
    pipeline = read_config(str(CONFIG)).train_dataloader.dataset.pipeline
    num_files, draws = (4, 2) if args.small else (12, 4)
    tables = {}
    with tempfile.TemporaryDirectory() as scratch:
        media = args.media or Path(scratch)
        media.mkdir(parents=True, exist_ok=True)
        files = make_media(args.samples, media, num_files)
        (sampler,) = (t for t in map(TRANSFORMS.build, pipeline) if isinstance(t, SampleAVClips))
        for kind, paths in files.items():
            work = make_work(paths, sampler, draws)
            runs = one_process(work, pipeline)
            rows = compare(in_turn(runs, args.repeat), BASE, 1e3 / len(work))
            tables[f'{kind}: ms a sample, one process'] = rows
            loaders = workers(work, pipeline)
            rows = compare(in_turn(loaders, args.repeat), BASE, 1e3 / len(work))
            tables[f'{kind}: ms a sample, {WORKERS} workers'] = rows
            tables[f'{kind}: where the milliseconds go'] = steps(work, pipeline, args.repeat)
    report('loading', tables, args.out)


def one_process(work: list[Work], pipeline: list[dict]) -> dict:
    runs = {BASE: decode_alone(work)}
    for name, options in (('ours', {}), ('ours, without time limit', dict(timeout=None))):
        data = data_set(work, pipeline, **options)
        runs[name] = lambda data=data: [data[index] for index in range(len(data))]
    for reader in ('Decord', 'PyAV'):
        runs[f"mmaction2's {reader} pipeline, no sound"] = stock(work, reader)
    try:
        runs['torchcodec, same frames, not resized'] = torchcodec_frames(work)
        runs["torchcodec's sampler, not resized"] = torchcodec_sampler(work)
    except ImportError:
        print('torchcodec does not load here: left out')
    return runs


def workers(work: list[Work], pipeline: list[dict]) -> dict:
    """Loaders whose workers live on from round to round."""
    data_sets = {BASE: Alone(work), 'ours': data_set(work, pipeline)}
    runs = {}
    for name, data in data_sets.items():
        loader = DataLoader(
            data,
            batch_size=2,
            num_workers=WORKERS,
            persistent_workers=True,
            collate_fn=pseudo_collate,
        )
        runs[name] = lambda loader=loader: [None for _ in loader]
    return runs


class Alone(Dataset):
    """:func:`decode_alone`, one sample after the other."""

    def __init__(self, work: list[Work]) -> None:
        self.runs = [decode_alone([item]) for item in work]

    def __len__(self) -> int:
        return len(self.runs)

    def __getitem__(self, index: int) -> int:
        self.runs[index]()
        return index


def data_set(work: list[Work], pipeline: list[dict], **options):
    """A data set whose sample ``i`` has the windows of ``work[i]``."""
    with tempfile.TemporaryDirectory() as folder:
        rows = [dict(probe(item.path), filename=str(item.path.resolve())) for item in work]
        save_manifest(Path(folder, 'list.json'), rows)
        steps = [
            dict(type=Given, work=work) if step['type'] == 'SampleAVClips' else step
            for step in pipeline
        ]
        settings = dict(ann_file=str(Path(folder, 'list.json')), pipeline=steps, **options)
        return DATASETS.build(dict(type='AudioVisualDataset', allow_outside=True, **settings))


class Given(SampleAVClips):
    """The windows that were drawn for the benchmark."""

    def __init__(self, work: list[Work]) -> None:
        super().__init__()
        self.seeds = {str(item.path.resolve()): [] for item in work}
        for item in work:
            self.seeds[str(item.path.resolve())].append(item.seed)

    def transform(self, results: dict) -> dict:
        seeds = self.seeds[results['filename']]
        with seeded(seeds[results['sample_idx'] % len(seeds)]):
            return super().transform(results)


def steps(work: list[Work], pipeline: list[dict], repeat: int) -> list[dict]:
    """Milliseconds of CPU of each transform, and of the parts of reading."""
    built = [TRANSFORMS.build(step) for step in pipeline]
    spent = defaultdict(float)
    for _ in range(repeat):
        for number, item in enumerate(work):
            results = dict(filename=str(item.path), sample_idx=number, label=-1, modality='RGB')
            with seeded(item.seed):
                for step in built:
                    begin = time.process_time()
                    results = step(results)
                    spent[type(step).__name__] += time.process_time() - begin
        for item in work:
            for part, arguments in (
                ('of AVDecode: picture', (item.frame_times,)),
                ('of AVDecode: sound', ((), item.audio_windows)),
            ):
                with open_media(item.path) as reader:
                    begin = time.process_time()
                    reader.read(*arguments)
                    spent[part] += time.process_time() - begin
    scale = 1e3 / repeat / len(work)
    rows = [{'step': name, 'CPU ms': seconds * scale} for name, seconds in spent.items()]
    total = sum(row['CPU ms'] for row in rows if not row['step'].startswith('of '))
    return [*rows, {'step': 'all', 'CPU ms': total}]


if __name__ == '__main__':
    main()
