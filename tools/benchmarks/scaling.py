#!/usr/bin/env python
"""Decoding cores, disk and network that 1, 8 and 64 GPUs need, computed from measured figures.

python tools/benchmarks/loading.py SAMPLES --out OUT             measures a sample
python tools/benchmarks/scaling.py --loading OUT/loading.json --tflops 60

A GPU is described by its sustained TFLOP/s (multiplications and additions). Measure it: run a
training and multiply its videos per second by the FLOP per video that this prints. The rest is
computed: FLOP of forward and backward with torch's counter, bytes from the file size.
"""

from __future__ import annotations

import json
from pathlib import Path

from measuring import parser, report

CONFIG = Path(__file__).parents[2] / 'configs/pretrain/avtss_r2plus1d_k400.py'
VIDEOS = {'Kinetics-400': 240_000, 'VGG-Sound': 183_000, 'AudioSet': 1_900_000}
"""Approximate number of 10 s clips that are still available."""

BATCH = 64
"""Videos per GPU, as in the configs."""


def main() -> None:
    parse = parser(__doc__)
    parse.add_argument('--loading', type=Path, required=True, help='path of loading.json')
    parse.add_argument('--kind', default='GOP 12', help='kind of files in it (%(default)s)')
    parse.add_argument('--mb', type=float, default=1.0, help='size of a file in MB (%(default)s)')
    parse.add_argument('--tflops', type=float, nargs='+', default=[20, 60, 200])
    parse.add_argument('--gpus', type=int, nargs='+', default=[1, 8, 64])
    args = parse.parse_args()
    seconds = loading_seconds(args.loading, args.kind)
    flop, parameters = work_of_a_video()
    print(f'{flop / 1e9:.0f} GFLOP a video, {seconds * 1e3:.0f} ms of a core to load it\n')
    rows, epochs = [], []
    for tflops in args.tflops:
        for gpus in args.gpus:
            rate = gpus * tflops * 1e12 / flop  # videos a second
            rows.append(
                {
                    'TFLOP/s a GPU': tflops,
                    'GPUs': gpus,
                    'videos a second': rate,
                    'cores to decode': rate * seconds,
                    'disk MB/s': rate * args.mb,
                    'network MB/s a GPU': traffic(gpus, parameters) * rate / gpus / BATCH / 1e6,
                }
            )
            row = {'TFLOP/s a GPU': tflops, 'GPUs': gpus}
            row.update({name: number / rate / 3600 for name, number in VIDEOS.items()})
            epochs.append(row)
    sets = [{'data set': n, 'videos': v, 'GB': v * args.mb / 1e3} for n, v in VIDEOS.items()]
    tables = {'What a training needs': rows, 'Hours an epoch': epochs, 'Disk': sets}
    report('scaling', tables, args.out)


def loading_seconds(path: Path, kind: str) -> float:
    tables = json.loads(path.read_text())['tables']
    (row,) = (r for r in tables[f'{kind}: ms a sample, one process'] if r['run'] == 'ours')
    return row['median'] / 1e3


def work_of_a_video() -> tuple[float, int]:
    """FLOP of forward and backward of a video's two clips and their sound; number of weights."""
    import torch  # here, with what imports it: it takes seconds, and --help does not need it
    from mmaction.registry import MODELS
    from mmengine.registry import init_default_scope
    from torch.utils.flop_counter import FlopCounterMode

    from avtss_mm.utils.config import read_config

    init_default_scope('mmaction')
    cfg = read_config(str(CONFIG))
    with torch.device('meta'), FlopCounterMode(display=False) as counter:  # shapes without numbers
        model = MODELS.build(cfg.model)
        clips = dict(imgs=torch.randn(1, 2, 3, 16, 112, 112), audios=torch.randn(1, 2, 1, 100, 80))
        sum(h.sum() for h in model.extract_feat(clips).values()).backward()
    return counter.get_total_flops(), sum(p.numel() for p in model.parameters())


def traffic(gpus: int, parameters: int) -> float:
    """Bytes that a GPU sends per step in a ring all-reduce of float32 gradients."""
    return 2 * (gpus - 1) / gpus * 4 * parameters


if __name__ == '__main__':
    main()
