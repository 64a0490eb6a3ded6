"""What loading.py times: samples in one process and in workers, prepared files, and the steps."""

from __future__ import annotations

import contextlib
import gc
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import numpy as np
from av.video.reformatter import VideoReformatter
from loading_media import Work, make_work
from loading_peers import decode_alone, stock, torchcodec_frames, torchcodec_sampler
from measuring import compare, in_turn
from mmaction.registry import DATASETS, TRANSFORMS
from mmengine.dataset import pseudo_collate
from torch.utils.data import DataLoader, Dataset

from avtss_mm.datasets.transforms import SampleAVClips
from avtss_mm.media import available_backends, open_media, probe, save_manifest
from avtss_mm.media.pyav_container import open_input
from avtss_mm.preparation.resize import resize_video
from avtss_mm.utils.seeding import seeded

BASE = 'decoder alone'
SHORT_SIDES = (256, 128)


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
    facts = [dict(duration=probe(item.path)['duration'], modality='RGB', label=-1) for item in work]
    spent = defaultdict(float)

    @contextlib.contextmanager
    def clock(name: str) -> Iterator[None]:
        begin = time.process_time()
        yield
        spent[name] += time.process_time() - begin

    for _ in range(repeat):
        for number, item in enumerate(work):
            results = dict(filename=str(item.path), sample_idx=number, **facts[number])
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
