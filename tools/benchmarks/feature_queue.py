#!/usr/bin/env python
"""Time and memory of the neighbour search in queues of growing length.

python tools/benchmarks/feature_queue.py                  batch 512, 128 dimensions, up to 1,048,576
python tools/benchmarks/feature_queue.py --small

As in the default config: neighbours up to rank 4096, and products with 1 + 1024 drawn entries,
forward and backward. Queue lengths take turns; the longest is also searched in part.
"""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

from measuring import apart, in_turn, parser, report

if TYPE_CHECKING:  # what takes seconds is imported in functions: --help does not need it
    from avtss_mm.models import FeatureQueue

DIMS, RANKS, DRAWN, SEARCHED = 128, 4096, 1025, 2**16


def main() -> None:
    parse = parser(__doc__)
    parse.add_argument('--batch', type=int, default=512)
    args = parse.parse_args()
    batch = 64 if args.small else args.batch
    lengths = [2**14, 2**15, 2**17] if args.small else [2**14, 2**16, 2**18, 2**20]
    sizes = [(length, length) for length in lengths] + [(lengths[-1], SEARCHED)]
    runs = {(*size, part): run for size in sizes for part, run in parts(*size, batch).items()}
    seconds = in_turn(runs, args.repeat)
    medians = {key: statistics.median(row) * 1e3 for key, row in seconds.items()}
    rows = []
    for length, searched in sizes:
        search, products = (medians[length, searched, part] for part in ('search', 'products'))
        _, used = apart(once, length, searched, batch)
        rows.append(
            {
                'queue': length,
                'searched': searched,
                'search ms': search,
                'top-k alone': 1 - medians[length, searched, 'similarity'] / search,
                'products ms': products,
                'µs an entry searched': (search + products) / searched * 1e3,
                'queue MB': length * DIMS * 4 / 1e6,
                'memory above it MB': used - length * DIMS * 4 / 1e6,
            }
        )
    report('feature_queue', {f'Queue, batch {batch}': rows}, args.out)


def filled(length: int, searched: int) -> FeatureQueue:
    import torch
    from torch.nn.functional import normalize

    from avtss_mm.models import FeatureQueue

    queue = FeatureQueue(length, DIMS, searched)
    for start in range(0, length, 2**14):
        ids = torch.arange(start, start + 2**14)
        queue.enqueue(normalize(torch.randn(len(ids), DIMS), dim=1), ids)
    return queue


def parts(length: int, searched: int, batch: int) -> dict:
    import torch
    from torch.nn.functional import normalize

    queue = filled(length, searched)
    queries = normalize(torch.randn(batch, DIMS), dim=1).requires_grad_()
    ids = torch.full((batch,), -2)
    drawn = torch.randint(0, length, (batch, DRAWN))

    def similarity() -> None:
        for start in range(0, searched, 2**16):
            queue.similarity(queries.detach(), ids, slice(start, start + 2**16))

    return {
        'search': lambda: queue.nearest(queries.detach(), ids, RANKS),
        'similarity': similarity,
        'products': lambda: queue.compare(queries, drawn).sum().backward(),
    }


def once(length: int, searched: int, batch: int) -> None:
    runs = parts(length, searched, batch)
    runs['search']()
    runs['products']()


if __name__ == '__main__':
    main()
