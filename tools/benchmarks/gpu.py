#!/usr/bin/env python
"""What works on this GPU, what fits and how fast it is: one table within eight minutes.

python tools/benchmarks/gpu.py                       writes work_dirs/bench/gpu.md and gpu.json
python tools/benchmarks/gpu.py --only memory speed
python tools/benchmarks/gpu.py --device cpu          to try the script: small networks, no figures

Each row runs in a process of its own (its code is in gpu_rows.py and gpu_runs.py). One that fails
or is too slow is written down with its reason, and the others go on. What they print is in gpu.log.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from measuring import parser, report

from avtss_mm.errors import one_line

TOTAL = 480
"""Seconds for all rows together."""

ROWS = {  # name: module, largest number of seconds
    'machine': ('gpu_rows', 60),
    'fp16': ('gpu_rows', 60),
    'bf16': ('gpu_rows', 60),
    'nccl': ('gpu_rows', 60),
    'sync_bn': ('gpu_rows', 60),
    'memory': ('gpu_rows', 90),
    'speed': ('gpu_rows', 60),
    'channels_last': ('gpu_rows', 60),
    'fused_adamw': ('gpu_rows', 60),
    'waits': ('gpu_runs', 60),
    'training': ('gpu_runs', 120),
    'resume': ('gpu_runs', 150),
    'torchcodec': ('gpu_runs', 60),
    'compile': ('gpu_rows', 180),  # last: it takes what is left of the time
}
FAILED = '**failed**'
NEED_CARD = ('fp16', 'sync_bn', 'waits', 'torchcodec', 'compile')


@dataclass
class Setting:
    """What all rows share.

    Args:
        small: Whether to use the networks of ``demo/avtss_tiny.py`` instead of the paper's.
        repeat: Number of rounds of what is timed.
        folder: Folder for generated videos and trainings.
    """

    small: bool
    repeat: int
    folder: Path


def main() -> None:
    parse = parser(__doc__)
    parse.set_defaults(out=Path('work_dirs/bench'))
    parse.add_argument('--only', nargs='+', choices=ROWS, default=list(ROWS), metavar='ROW')
    parse.add_argument('--device', choices=('cuda', 'cpu'), default='cuda')
    args = parse.parse_args()
    import torch  # here: it takes seconds, and --help does not need it

    on_cpu = args.device == 'cpu'
    if on_cpu:
        os.environ['CUDA_VISIBLE_DEVICES'] = ''
    elif not torch.cuda.is_available():
        sys.exit('error: torch finds no GPU here (--device cpu tries the script without one)')
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / 'gpu.log').unlink(missing_ok=True)
    names = [name for name in args.only if not (on_cpu and name in NEED_CARD)]
    # CUDA needs new processes; those of the CPU need not import everything again
    context = multiprocessing.get_context('fork' if on_cpu else 'spawn')
    if on_cpu:
        import_module('gpu_runs')
    rows, begin = {}, time.monotonic()
    with tempfile.TemporaryDirectory() as folder, suppress(KeyboardInterrupt):
        setting = Setting(args.small or on_cpu, args.repeat, Path(folder))
        for number, name in enumerate(names, start=1):
            print(f'[{number:2}/{len(names)}] {name}', end=' ... ', flush=True)
            started = time.monotonic()
            rows[name] = lines_of(name, setting, context, TOTAL - (started - begin), args.out)
            outcome = f'failed: {rows[name][-1]["value"]}' if failed(rows[name]) else 'done'
            print(f'{outcome} ({time.monotonic() - started:.0f} s)', flush=True)
    if rows:
        device = 'CPU, only to try the script' if on_cpu else torch.cuda.get_device_name()
        table = [line for lines in rows.values() for line in lines]
        print()
        report('gpu', {f'{device}, {time.monotonic() - begin:.0f} s': table}, args.out)
        print(f'\n{args.out}/gpu.md, gpu.json, gpu.log')
    bad = [name for name in names if name not in rows or failed(rows[name])]
    if bad:
        sys.exit(f'error: failed: {", ".join(bad)}')


def failed(lines: list[dict]) -> bool:
    return lines[-1]['what'] == FAILED


def lines_of(name: str, *others) -> list[dict]:
    """What a row measures, line by line; if it fails, the last line says why."""
    lines = []
    try:
        for what, value, unit in measured(name, *others):
            lines.append({'row': name, 'what': what, 'value': value, 'unit': unit})
    except RowError as error:
        lines.append({'row': name, 'what': FAILED, 'value': str(error), 'unit': ''})
    return lines


class RowError(Exception):
    """A row could not be measured; the text says why."""


def measured(name: str, setting: Setting, context, left: float, out: Path) -> Iterator[tuple]:
    """Yields what a row measures in a process of its own.

    Raises:
        RowError: If it fails, ends without a word or takes too long.
    """
    module, limit = ROWS[name]
    if left < 10:
        raise RowError(f'not tried: the {TOTAL} s of all rows are over')
    deadline = time.monotonic() + min(limit, left)
    mine, other = context.Pipe(duplex=False)
    words = (other, module, name, setting, out / 'gpu.log')
    process = context.Process(target=serve, args=words)
    process.start()
    other.close()
    try:
        while True:
            if not mine.poll(max(0, deadline - time.monotonic())):
                raise RowError(f'not done after {min(limit, left):.0f} s')
            try:
                message = mine.recv()
            except EOFError:
                process.join()
                raise RowError(f'its process ended with status {process.exitcode}') from None
            if message is None:
                return
            if isinstance(message, str):
                raise RowError(message)
            yield message
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # with the processes that it started
        process.kill()
        process.join()


def serve(end, module: str, name: str, setting: Setting, log: Path) -> None:
    """Sends what a row yields, then None; or the reason why it failed."""
    os.setsid()
    for stream in (1, 2):
        os.dup2(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND), stream)
    print(f'\n==== {name} ====', flush=True)
    try:
        for line in getattr(import_module(module), name)(setting):
            end.send(line)
        end.send(None)
    except Exception as error:
        traceback.print_exc()
        end.send(one_line(f'{type(error).__name__}: {error}')[:300])


if __name__ == '__main__':
    main()
