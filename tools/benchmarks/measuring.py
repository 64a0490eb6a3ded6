"""Shared by the benchmarks: runs that take turns, memory of a process, reports."""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import platform
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from tqdm import tqdm

from avtss_mm.utils.report import markdown_table
from avtss_mm.utils.software import software

PRELOADED = ['faiss', 'sklearn.svm', 'avtss_mm.apis']
"""Imported once for all processes of :func:`apart`."""


def in_turn(runs: dict[str, Callable[[], object]], repeat: int) -> dict[str, list[float]]:
    """Seconds of each run: a warm-up of all, then ``repeat`` rounds of all (A B A B ...)."""
    seconds = {name: [] for name in runs}
    for round_ in tqdm(range(repeat + 1), 'rounds', leave=False, disable=None):
        for name, run in runs.items():
            begin = time.perf_counter()
            run()
            if round_:
                seconds[name].append(time.perf_counter() - begin)
    return seconds


def compare(seconds: dict[str, list[float]], base: str, scale: float = 1e3) -> list[dict]:
    """One row per run: median of its times, and median of their ratios to the base, by round."""
    rows = []
    for name, row in seconds.items():
        ratios = [mine / other for mine, other in zip(row, seconds[base])]
        median = statistics.median(row) * scale
        rows.append({'run': name, 'median': median, f'x {base}': statistics.median(ratios)})
    return rows


def apart(function: Callable, *arguments):
    """Calls a function in a process of its own.

    Returns:
        tuple: Result of the function, and the peak growth of the process in MB.
    """
    context = multiprocessing.get_context('forkserver')
    context.set_forkserver_preload(PRELOADED)
    mine, other = context.Pipe(duplex=False)
    process = context.Process(target=_serve, args=(other, function, arguments))
    process.start()
    other.close()
    try:
        return mine.recv()
    except EOFError:
        raise RuntimeError(f'{function.__name__} ended without an answer') from None
    finally:
        process.join()


def _serve(end, function: Callable, arguments: Sequence) -> None:
    Path('/proc/self/clear_refs').write_text('5')  # forget the peak of the imports
    before = memory('VmRSS')
    result = function(*arguments)
    end.send((result, memory('VmHWM') - before))


def memory(what: str) -> float:
    """Memory of this process in MB (Linux): ``'VmRSS'`` now, ``'VmHWM'`` the peak so far."""
    lines = Path('/proc/self/status').read_text().splitlines()
    (line,) = (line for line in lines if line.startswith(what + ':'))
    return int(line.split()[1]) / 1000


def parser(description: str) -> argparse.ArgumentParser:
    """Makes a parser with the arguments of all benchmarks."""
    made = argparse.ArgumentParser(description=description.splitlines()[0])
    made.add_argument('--out', type=Path, metavar='DIR', help='folder for NAME.json and NAME.md')
    made.add_argument('--small', action='store_true', help='small sizes: about a minute')
    made.add_argument('--repeat', type=int, default=5, help='number of rounds (%(default)s)')
    return made


def report(name: str, tables: dict[str, list[dict]], out: Path | None) -> None:
    """Prints tables, each a list of rows, and writes them with the machine and the software."""
    text = '\n\n'.join(f'{title}:\n\n{markdown(rows)}' for title, rows in tables.items())
    print(text)
    if out is None:
        return
    out.mkdir(parents=True, exist_ok=True)
    facts = {'machine': machine(), **software()}
    (out / f'{name}.json').write_text(json.dumps(dict(facts=facts, tables=tables), indent=1) + '\n')
    foot = ', '.join(f'{key} {value}' for key, value in facts.items())
    (out / f'{name}.md').write_text(f'# {name}\n\n{text}\n\n{foot}\n')


def machine() -> str:
    """Describes the machine: processor, cores and memory."""
    model = platform.processor() or platform.machine()
    if os.path.exists('/proc/cpuinfo'):
        lines = Path('/proc/cpuinfo').read_text().splitlines()
        model = next((li.split(': ')[1] for li in lines if li.startswith('model name')), model)
    memory = os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30
    return f'{model}, {os.cpu_count()} cores, {memory:.0f} GiB'


def markdown(rows: list[dict]) -> str:
    """Formats rows with equal keys as a table."""
    return markdown_table(list(rows[0]), [map(_cell, row.values()) for row in rows])


def _cell(value) -> str:
    if value is None:
        return '-'
    if isinstance(value, float):
        return f'{value:.3g}' if abs(value) < 1000 else f'{value:,.0f}'
    return f'{value:,}' if isinstance(value, int) else str(value)
