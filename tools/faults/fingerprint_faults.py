#!/usr/bin/env python
"""Tests a fingerprint index with killed indexing runs and with damaged files.

python tools/faults/fingerprint_faults.py DIR --checkpoint CKPT --kills 20 --damaged 500

Kills: "avtss-fp index DIR" is killed (SIGKILL) at a random moment and restarted, --kills times.
After each kill the index must open and have lost no file; at the end it must equal an index built
in one go. Damage: --damaged copies of that index, each with one randomly damaged file, are opened,
queried and opened for writing, each in its own process. Each must be refused with a message or
answer as before.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from contextlib import suppress
from pathlib import Path

from tqdm import tqdm

from avtss_mm.errors import UsageError

TOOL = Path(__file__).parents[1] / 'fingerprint.py'
PATIENCE = 120
"""Seconds after which a damaged index counts as hanging."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('media', metavar='DIR', help='folder of videos')
    parser.add_argument('--checkpoint', required=True)
    parser.add_argument('--backend', default='faiss', choices=['faiss', 'milvus'])
    parser.add_argument('--index-factory', default='Flat', help='index of faiss (%(default)s)')
    parser.add_argument('--kills', type=int, default=20)
    parser.add_argument('--damaged', type=int, default=500)
    parser.add_argument('--seed', type=int, default=0)
    args = parser.parse_args()
    rng = random.Random(args.seed)
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder, 'whole')
        subprocess.run(command(args, whole), check=True, stdout=sys.stderr)
        failures = kill(args, whole, Path(folder, 'killed'), rng) if args.kills else 0
        failures += damage(args, whole, Path(folder, 'damaged'), rng) if args.damaged else 0
    sys.exit(failures > 0)


def command(args, index: Path) -> list[str]:
    options = ['--checkpoint', args.checkpoint, '--backend', args.backend]
    options += ['--index-factory', args.index_factory, '--workers', '2']
    return [sys.executable, str(TOOL), 'index', args.media, '-o', str(index), *options]


def kill(args, whole: Path, index: Path, rng: random.Random) -> int:
    """Kills indexing again and again, starting over once complete; returns the number of faults."""
    complete, known, rows, faults = len(content(whole)), 0, [], 0
    for _ in tqdm(range(args.kills), desc='kills'):
        with open(os.devnull, 'w') as nowhere:
            options = dict(stdout=nowhere, stderr=nowhere, start_new_session=True)
            process = subprocess.Popen(command(args, index), **options)
        wait_for(process, index, known + rng.randrange(9), rng.uniform(0, 1))
        with suppress(ProcessLookupError):  # it has already ended
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        now = len(content(index))
        faults += now < known
        rows.append(now)
        known = now
        if process.returncode == 0:  # the kill came too late
            faults += content(index) != content(whole)
            shutil.rmtree(index)
            known = 0
    subprocess.run(command(args, index), check=True, stdout=sys.stderr)
    faults += content(index) != content(whole)
    print(f'{args.kills} kills: rows of {complete} after each {rows}; {faults} faults')
    return faults


def wait_for(process, index: Path, number: int, pause: float) -> None:
    """Waits until an index has ``number`` tracks or the process ends, and ``pause`` s longer."""
    while process.poll() is None and len(content(index)) < number:
        time.sleep(0.02)
    time.sleep(pause)


def content(folder: Path) -> dict:
    """Reads the tracks of an index without their ids; empty if there is no index yet.

    Raises:
        UsageError: If the index is damaged.
    """
    # here, and in functions below, what takes seconds: --help does not need it
    from avtss_mm.fingerprint.index.catalog import Catalog

    if not (folder / 'catalog.sqlite').exists():
        return {}
    try:
        catalog = Catalog(folder / 'catalog.sqlite')
    except UsageError as error:
        if 'is empty' in str(error):
            return {}
        raise
    rows = {
        (path, modality): (track.times.tolist(), next(catalog.vectors([track]))[1].tolist())
        for path, file in catalog.files.items()
        for modality, track in file.tracks.items()
    }
    if 'thresholds' in catalog.metadata:
        rows['thresholds'] = catalog.metadata['thresholds']
    catalog.close()
    return rows


def damage(args, whole: Path, copy: Path, rng: random.Random) -> int:
    """Damages copies of an index and prints the outcomes; returns the number of bad ones."""
    from avtss_mm.fingerprint.index.index import FingerprintIndex
    from avtss_mm.fingerprint.search import chunks_in, match_chunks

    outcomes, bad = Counter(), 0
    with FingerprintIndex(whole) as index:
        name = sorted(index.catalog.files)[0]
        expected = match_chunks(index, name, chunks_in(index, name))
        asked = chunks_in(index, name)
    for number in tqdm(range(args.damaged), desc='damaged'):
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(whole, copy)
        files = [path for path in copy.rglob('*') if path.is_file() and path.stat().st_size]
        path = rng.choice([file for file in files if file.suffix != '.csv'])
        how = spoil(path, rng)
        outcome = ask(copy, name, asked, expected)
        good = outcome in ('refused with a message', 'answers as before')
        bad += not good
        outcomes[outcome] += 1
        if not good:
            tqdm.write(f'{number}: {path.relative_to(copy)} {how}: {outcome}')
    print(f'{args.damaged} damaged copies: ' + ', '.join(f'{n} {o}' for o, n in outcomes.items()))
    return bad


def spoil(path: Path, rng: random.Random) -> str:
    """Damages a file; returns how."""
    data = bytearray(path.read_bytes())
    how = rng.choice(['a bit', 'some bytes', 'zeros', 'cut off', 'longer', 'shuffled', 'text'])
    first = rng.randrange(len(data))
    stop = min(len(data), first + rng.choice([4, 64, 4096, 65536]))
    if how == 'a bit':
        data[first] ^= 1 << rng.randrange(8)
    elif how == 'some bytes':
        for place in rng.choices(range(len(data)), k=rng.choice([2, 20, 200])):
            data[place] = rng.randrange(256)
    elif how == 'zeros':
        data[first:stop] = bytes(stop - first)
    elif how == 'cut off':
        del data[first:]
    elif how == 'longer':
        data[first:first] = rng.randbytes(stop - first)
    elif how == 'shuffled':
        part = data[first:stop]
        rng.shuffle(part)
        data[first:stop] = part
    else:
        data = bytearray(b'import os; os.system("touch owned")\n' * 40)
    path.write_bytes(data)
    return how


def ask(folder: Path, name: str, asked, expected) -> str:
    """Opens an index, queries it and opens it for writing; returns the outcome."""
    from avtss_mm.fingerprint.index.index import FingerprintIndex
    from avtss_mm.fingerprint.indexing import finish
    from avtss_mm.fingerprint.search import match_chunks

    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        signal.alarm(PATIENCE)
        try:
            with FingerprintIndex(folder) as index:
                same = match_chunks(index, name, asked) == expected
            with FingerprintIndex(folder, write=True) as index:
                finish(index)
                same = same and match_chunks(index, name, asked) == expected
            text = 'answers as before' if same else 'ANSWERS DIFFERENTLY'
        except UsageError:
            text = 'refused with a message'
        except BaseException:
            text = f'FAILED: {traceback.format_exc(limit=-1)}'
        os.write(write, text.encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as pipe:
        text = pipe.read()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        name = signal.Signals(os.WTERMSIG(status)).name
        return 'HANGS' if name == 'SIGALRM' else f'CRASHED by {name}'
    return text


if __name__ == '__main__':
    main()
