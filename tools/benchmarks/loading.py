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
sound where they have none. All runs take turns. What they run is in loading_runs.py.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

os.environ.setdefault('OMP_NUM_THREADS', '1')

import cv2
from measuring import compare, in_turn, parser, report

CONFIG = Path(__file__).parents[2] / 'configs/pretrain/avtss_r2plus1d_k400.py'


def main() -> None:
    parse = parser(__doc__)
    parse.add_argument('samples', type=Path, metavar='SAMPLES', help='folder of real videos')
    parse.add_argument('--media', type=Path, help='folder to keep the files in (default: none)')
    args = parse.parse_args()
    import torch  # here, with what imports it: it takes seconds, and --help does not need it
    from loading_media import make_media, make_work
    from loading_runs import BASE, one_process, prepared, steps, workers
    from mmaction.registry import TRANSFORMS
    from mmengine.registry import init_default_scope

    from avtss_mm.datasets.transforms import SampleAVClips
    from avtss_mm.utils.config import read_config

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


if __name__ == '__main__':
    main()
