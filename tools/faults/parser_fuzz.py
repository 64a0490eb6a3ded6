#!/usr/bin/env python
"""Feeds damaged and forged files to the parsers.

python tools/faults/parser_fuzz.py --out OUT

Intact files of each kind are changed at random, some a little, some beyond recognition, and then
read. A parser must accept each or refuse it with the documented error, whose text names the file.
Anything else is a crash: the file is kept in OUT/crashes with the traceback. A change depends only
on --seed, the parser and a number. Some of the files are pickles that run code.

The exit status is 1 if anything crashed, hung or ran code.
"""

from __future__ import annotations

import argparse
import json
import os
import pickle
import random
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
from fuzz_changes import forge, mutate
from tqdm import tqdm

from avtss_mm.utils.report import format_table, markdown_table

if TYPE_CHECKING:  # imported in functions: it takes seconds, and --help does not need it
    from fuzz_targets import Target

PATIENCE = 20
"""Seconds after which a parser counts as hanging."""

MEMORY = 4 << 30
"""Bytes that a parser may allocate, beyond what the process has."""

BATCH = 500
"""Number of inputs per process."""

OUTCOMES = ('accepted', 'refused', 'crashed', 'hung')


class Marker:
    """Pickles as a call that creates a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return os.system, (f'touch "{self.path}"',)


def try_one(target: Target, whole: Path, folder: Path, rng: random.Random) -> tuple[str, str]:
    """Changes one file and reads it; returns the outcome and the traceback of a crash."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(whole, folder)
    victim = rng.choice(sorted(folder.iterdir()))
    data = victim.read_bytes()
    if rng.random() < 0.01:
        victim.write_bytes(pickle.dumps(Marker(folder.with_name('RAN')), rng.choice([0, 2, 4])))
    elif target.kind == 'sqlite':
        forge(victim, rng)
    else:
        victim.write_bytes(mutate(data, target.kind, rng))
    signal.alarm(PATIENCE)
    try:
        target.read(folder)
    except TimeoutError:
        return 'hung', traceback.format_exc()
    except target.refusals as error:
        named = target.name is None or str(folder / target.name) in str(error)
        return ('refused', '') if named else ('crashed', f'the file is not named: {error}')
    except Exception:
        return 'crashed', traceback.format_exc()
    finally:
        signal.alarm(0)
    return 'accepted', ''


def timed_out(*_):
    raise TimeoutError


def run_batch(name: str, numbers: range, args, folder: Path) -> Counter:
    """Runs a batch in its own process. A process that dies counts as a crash; another continues."""
    counts, first = Counter(), numbers.start
    while first < numbers.stop:
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(read)
            in_child(name, range(first, numbers.stop), args, folder, write)
        os.close(write)
        with os.fdopen(read) as pipe:
            outcomes = pipe.read().split()
        _, status = os.waitpid(child, 0)
        counts.update(outcomes)
        first += len(outcomes)
        if first < numbers.stop:
            counts['crashed'] += 1
            keep(args.out, name, first, folder, f'the process ended with status {status}')
            first += 1
    return counts


def in_child(name: str, numbers: range, args, folder: Path, pipe: int) -> None:
    """Tries inputs and writes one word for each to the pipe; never returns."""
    from fuzz_targets import TARGETS

    try:
        used = psutil.Process().memory_info().vms
        resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, used + MEMORY))
        signal.signal(signal.SIGALRM, timed_out)
        for number in numbers:
            rng = random.Random(f'{args.seed} {name} {number}')
            outcome, text = try_one(TARGETS[name], folder / 'whole', folder / 'changed', rng)
            if text:
                keep(args.out, name, number, folder, text)
            os.write(pipe, f'{outcome}\n'.encode())
    except BaseException:  # the child must never continue with the code of the parent
        traceback.print_exc()
        os._exit(9)
    os._exit(0)


def keep(out: Path, name: str, number: int, folder: Path, text: str) -> None:
    kept = out / 'crashes' / f'{name} {number}'.replace(' ', '_')
    shutil.rmtree(kept, ignore_errors=True)
    shutil.copytree(folder / 'changed', kept)
    (kept / 'TRACEBACK').write_text(text)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--out', type=Path, required=True, help='folder of results')
    parser.add_argument('--inputs', type=int, default=6000, help='inputs per parser (%(default)s)')
    parser.add_argument('--only', nargs='+', metavar='NAME')
    parser.add_argument('--seed', type=int, default=0)
    args = parser.parse_args()
    from fuzz_targets import TARGETS

    for name in args.only or ():
        if name not in TARGETS:
            parser.error(f'argument --only: {name!r} is none of {", ".join(TARGETS)}')
    args.out.mkdir(parents=True, exist_ok=True)
    results, ran, start = {}, False, time.perf_counter()
    names = args.only or list(TARGETS)
    with tqdm(total=args.inputs * len(names), unit='input', smoothing=0) as bar:
        for name in names:
            with tempfile.TemporaryDirectory() as temporary:
                folder, counts = Path(temporary), Counter()
                (folder / 'whole').mkdir()
                TARGETS[name].make(folder / 'whole')
                TARGETS[name].read(folder / 'whole')  # must be accepted
                for first in range(0, args.inputs, BATCH):
                    numbers = range(first, min(first + BATCH, args.inputs))
                    counts += run_batch(name, numbers, args, folder)
                    bar.update(len(numbers))
                ran |= (folder / 'RAN').exists()
            results[name] = {outcome: counts[outcome] for outcome in OUTCOMES}
    rows = [[name, sum(counts.values()), *counts.values()] for name, counts in results.items()]
    rows.append(['all', *(sum(column) for column in list(zip(*rows))[1:])])
    header = ['parser', 'inputs', *OUTCOMES]
    (args.out / 'parser_fuzz.md').write_text(markdown_table(header, rows) + '\n')
    facts = dict(seed=args.seed, seconds=round(time.perf_counter() - start), code_was_run=ran)
    (args.out / 'parser_fuzz.json').write_text(json.dumps(dict(facts, parsers=results), indent=1))
    print(format_table([header, *rows]))
    print(f'code of a file was {"RUN" if ran else "never run"}; {facts["seconds"]} s')
    sys.exit(bool(ran or rows[-1][4] or rows[-1][5]))


if __name__ == '__main__':
    main()
