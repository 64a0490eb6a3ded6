#!/usr/bin/env python
"""Time to load a sample (two clips and their log-mels), compared with the decoder and with peers.

python tools/benchmarks/loading.py SAMPLES --out OUT
python tools/benchmarks/loading.py SAMPLES --small

The real videos below SAMPLES are re-encoded to 10 s, 340 x 256, 25 and 30 fps, H.264 + AAC, with a
key frame every 12 and every 250 frames; the originals are measured, too. A sample is what the
pre-training configs ask for: two clips of 16 x 112 x 112 at random speeds and directions with
augmentation, and the two log-mels, packed.

*decoder alone*: FFmpeg's decoders decode exactly these frames and this sound, from the preceding
key frames on. The packets are in memory; nothing else is done. Peers get the same frames, and no
sound where they have none. All runs take turns.
"""

from __future__ import annotations

import contextlib
import gc
import os
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

os.environ.setdefault('OMP_NUM_THREADS', '1')

import av
import cv2
import numpy as np
import torch
from av.video.reformatter import VideoReformatter
from loading_media import Work, make_media, make_work
from loading_peers import decode_alone, stock, torchcodec_frames, torchcodec_sampler
from measuring import compare, in_turn, parser, report
from mmaction.registry import DATASETS, TRANSFORMS
from mmengine.dataset import pseudo_collate
from mmengine.registry import init_default_scope
from torch.utils.data import DataLoader, Dataset

from avtss_mm.datasets.transforms import SampleAVClips
from avtss_mm.media import available_backends, open_media, probe, save_manifest
from avtss_mm.media.pyav_container import open_input
from avtss_mm.preparation.resize import resize_video
from avtss_mm.utils.config import read_config
from avtss_mm.utils.seeding import seeded

CONFIG = Path(__file__).parents[2] / 'configs/pretrain/avtss_r2plus1d_k400.py'
BASE = 'decoder alone'
SHORT_SIDES = (256, 128)


def main() -> None:
    parse = parser(__doc__)
    parse.add_argument('samples', type=Path, metavar='SAMPLES', help='folder of real videos')
    parse.add_argument('--media', type=Path, help='folder to keep the files in (default: none)')
    args = parse.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(0)
    init_default_scope('mmaction')
    pipeline = read_config(str(CONFIG)).train_dataloader.dataset.pipeline
    num_files, draws = (4, 1) if args.small else (12, 2)
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
            tables[f'{kind}: ms a sample, workers'] = workers(work, pipeline, args.repeat)
            tables[f'{kind}: where the milliseconds go'] = steps(work, pipeline, args.repeat)
        rows = prepared(files['as it is'], media, sampler, pipeline, draws, args.repeat)
        tables['What a prepared set buys'] = rows
    report('loading', tables, args.out)


def one_process(work: list[Work], pipeline: list[dict]) -> dict:
    runs = {BASE: decode_alone(work)}
    for name, options in (('ours', {}), ('ours, without time limit', dict(timeout=None))):
        data = data_set(work, pipeline, **options)
        runs[name] = lambda data=data: [data[index] for index in range(len(data))]
    for reader in ('Decord', 'PyAV'):
        runs[f"mmaction2's {reader} pipeline, no sound"] = stock(work, reader)
    runs['the same with Decord, frames in the order asked for'] = stock(work, 'Decord', False)
    if 'torchcodec' in available_backends():
        runs['torchcodec, same frames, not resized'] = torchcodec_frames(work)
        runs["torchcodec's sampler, not resized"] = torchcodec_sampler(work)
    else:
        print('torchcodec does not load here: left out')
    return runs


def workers(work: list[Work], pipeline: list[dict], repeat: int) -> list[dict]:
    """Loaders with one and with two workers, which persist from round to round."""
    gc.collect()  # a forked worker that frees a decoder of this process hangs
    runs = {}
    decord = OneByOne(work, lambda work: stock(work, 'Decord'))
    data_sets = {BASE: OneByOne(work, decode_alone), 'ours': data_set(work, pipeline)}
    for name, data in {**data_sets, "mmaction2's Decord pipeline": decord}.items():
        for number in (1, 2):
            loader = DataLoader(
                data,
                batch_size=2,
                num_workers=number,
                persistent_workers=True,
                multiprocessing_context='fork',  # as in training; Python 3.14 would pickle the data
                collate_fn=pseudo_collate,
            )
            runs[f'{name}, {number}'] = lambda loader=loader: [None for _ in loader]
    seconds = in_turn(runs, repeat)
    rows = compare(seconds, f'{BASE}, 2', 1e3 / len(work))
    for row in rows:
        name, number = row['run'].rsplit(', ', 1)
        pairs = zip(seconds[f'{name}, 1'], seconds[row['run']])
        row['efficiency'] = statistics.median(one / mine / int(number) for one, mine in pairs)
    return rows


def prepared(sources, media: Path, sampler, pipeline: list[dict], draws: int, repeat: int) -> list:
    """Compares the original files with copies made by `tools/data/resize_videos.py`."""
    sets = {'as it is': sources}
    for side in SHORT_SIDES:
        sets[f'short side {side}'] = [media / f'{side}_{path.stem}.mp4' for path in sources]
        for source, copy in zip(sources, sets[f'short side {side}']):
            if not copy.exists():
                resize_video(source, copy, side)
    runs, rows = {}, []
    for name, paths in sets.items():
        data = data_set(make_work(paths, sampler, draws), pipeline)
        runs[name] = lambda data=data: [data[index] for index in range(len(data))]
    for row in compare(in_turn(runs, repeat), 'as it is', 1e3 / draws / len(sources)):
        sizes = [path.stat().st_size / 1e6 for path in sets[row['run']]]
        rows.append({**row, 'MB a file': statistics.mean(sizes)})
    return rows


class OneByOne(Dataset):
    """A data set that loads each sample with a run of its own."""

    def __init__(self, work: list[Work], make: Callable) -> None:
        self.runs = [make([item]) for item in work]

    def __len__(self) -> int:
        return len(self.runs)

    def __getitem__(self, index: int) -> int:
        self.runs[index]()
        return index


def data_set(work: list[Work], pipeline: list[dict], **options):
    """Builds a data set whose sample ``i`` has the windows of ``work[i]``."""
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
    """Draws the windows of the benchmark again."""

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
    """CPU milliseconds of each transform, of the parts of reading, and of the decoder alone."""
    built = [TRANSFORMS.build(step) for step in pipeline]
    alone = decode_alone(work)
    spent = defaultdict(float)

    @contextlib.contextmanager
    def clock(name: str) -> Iterator[None]:
        begin = time.process_time()
        yield
        spent[name] += time.process_time() - begin

    for _ in range(repeat):
        for number, item in enumerate(work):
            results = dict(filename=str(item.path), sample_idx=number, label=-1, modality='RGB')
            with seeded(item.seed):
                for step in built:
                    with clock(type(step).__name__):
                        results = step(results)
        for item in work:
            with clock('of it: open'), open_media(item.path):
                pass
            with open_media(item.path) as reader, clock('of it: picture'):
                reader.read(item.frame_times)
            with open_media(item.path) as reader, clock('of it: sound'):
                reader.read((), item.audio_windows)
            frame, converter = first_frame(item.path), VideoReformatter()
            with clock('of the picture: to RGB'):
                for _ in np.unique(item.frame_inds):
                    converter.reformat(frame, format='rgb24').to_ndarray()
        with clock(BASE):
            alone()
    scale = 1e3 / repeat / len(work)
    rows = [{'step': name, 'CPU ms': seconds * scale} for name, seconds in spent.items()]
    whole = sum(spent[type(step).__name__] for step in built) * scale
    return [{'step': 'all transforms', 'CPU ms': whole}, *rows]


def first_frame(path: Path) -> av.VideoFrame:
    with open_input(str(path)) as container:
        return next(container.decode(container.streams.video[0]))


if __name__ == '__main__':
    main()
