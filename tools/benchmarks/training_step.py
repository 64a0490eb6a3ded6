#!/usr/bin/env python
"""Time of a training step compared with that of its encoders, and its memory.

python tools/benchmarks/training_step.py --out OUT               R(2+1)D-18, 16 x 112 x 112
python tools/benchmarks/training_step.py --small                 the networks of the demo

*encoders*: forward and backward of both networks, nothing else. *whole step*: everything the runner
does with a loaded batch: normalisation, encoders, projections, all losses with the search in a full
queue, backward, optimizer, hooks. The two take turns; the parts are measured separately. What they
run is in training_step_runs.py.
"""

from __future__ import annotations

import os
from pathlib import Path

os.environ.setdefault('OMP_NUM_THREADS', '1')

from measuring import apart, compare, in_turn, parser, report

CONFIGS = Path(__file__).parents[2] / 'configs'
PAPER, DEMO = CONFIGS / 'pretrain/avtss_r2plus1d_k400.py', CONFIGS / 'demo/avtss_toy.py'


def main() -> None:
    parse = parser(__doc__)
    parse.add_argument('--batch', type=int, help='videos of two clips (default 2; small: 16)')
    parse.add_argument('--threads', type=int, default=1, help='threads of torch (%(default)s)')
    parse.add_argument('--compile', action='store_true', help='also measure torch.compile')
    sizes = dict(type=int, nargs='+', metavar='B')
    parse.add_argument('--memory', **sizes, help='also measure the peak at these batch sizes')
    parse.add_argument(
        '--allocator', action='store_true', help='also measure the gain from keeping freed memory'
    )
    args = parse.parse_args()
    import torch  # here, with what imports it: it takes seconds, and --help does not need it
    from mmengine.device import get_device
    from training_step_runs import BASE, KEEP, allocator, once, parts, variants

    from avtss_mm.engine.memory import keep_freed_memory

    torch.set_num_threads(args.threads)
    keep_freed_memory()  # as tools/train.py does
    config = DEMO if args.small else PAPER
    batch = args.batch or (16 if args.small else 2)
    name = f'{config.stem}, {batch} x 2 clips, {get_device()}'
    runs = variants(config, batch, args.compile)
    tables = {f'{name}: ms': compare(in_turn(runs, args.repeat), BASE)}
    tables[f'{name}: parts'] = compare(in_turn(parts(config, batch), args.repeat), BASE)
    if args.allocator:
        title = f'{name}: a step whose memory is kept for the next'
        tables[title] = allocator(config, batch, args.threads, args.repeat)
    rows = []
    for size in args.memory or []:
        used = {name: apart(once, config, size, args.threads, KEEP[name])[1] for name in KEEP}
        rows.append({'videos a batch': size, 'clips': 2 * size, **used})
    if rows:
        tables[f'{config.stem}: peak MB of a step above the imports'] = rows
    report('training_step', tables, args.out)


if __name__ == '__main__':
    main()
