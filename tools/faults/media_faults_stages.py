"""Passes one bad file through the stages of the package, for ``media_faults.py``."""

from __future__ import annotations

import os
import random
import re
import shutil
import threading
import time
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
from media_faults_check import OLDER, examine
from media_faults_damage import DAMAGE, REMUXED
from media_faults_odd import CHANGES, NO_MEDIA, ODD, Case, change, no_media

from avtss_mm.apis.embed_files import embed_files
from avtss_mm.apis.embedder import Embedder
from avtss_mm.datasets import AudioVisualDataset
from avtss_mm.errors import MediaError
from avtss_mm.fingerprint.embedding import chunk_embedder
from avtss_mm.fingerprint.index.index import FingerprintIndex
from avtss_mm.fingerprint.search import chunks_of, match_chunks, query_features
from avtss_mm.workers.guarded_map import GuardedWorker, WorkerError

SUFFIXES = ('.avi', '.mkv', '.mov', '.mp4', '.mpg', '.ts', '.webm')
LONG = 600.0
"""Seconds above which a file is not used as a query: some headers stretch few frames over days."""

STAGES = ('probe', 'training', 'evaluation', 'embedder', 'query')


class Stages:
    """A small network, an index of the intact files, and data sets that hold the bad file.

    Args:
        config: Config of the network, with ``train_dataloader`` and ``feature_pipeline``.
        sources: Paths of the intact files.
        index: Folder of an index of the intact files.
        timeout: Time limit of a stage in seconds.
        seed: Seed of the damage.
    """

    def __init__(self, config, sources: list[Path], index: Path, timeout: float, seed: int):
        self.sources, self.timeout, self.seed, self.is_long = sources, timeout, seed, False
        self.holder = TemporaryDirectory()  # one per process: it holds one bad file at a time
        self.folder = Path(self.holder.name)
        names = self.folder / 'names.txt'
        names.write_text('\n'.join(f'{self.folder}/slot{suffix} 0' for suffix in SUFFIXES))
        pipelines = dict(
            training=config.train_dataloader.dataset.pipeline, evaluation=config.feature_pipeline
        )
        self.data = {  # in test mode a bad file is not replaced: it raises its error
            name: AudioVisualDataset(str(names), pipeline, test_mode=True, timeout=timeout)
            for name, pipeline in pipelines.items()
        }
        self.embedder = Embedder('random', config, 'cpu')
        self.asker = chunk_embedder('random', config, stride=0.5, device='cpu')
        self.index = FingerprintIndex(index)
        self.examiner = GuardedWorker(examine)

    def try_one(self, job: tuple[str, int]) -> dict:
        """Makes the bad file of a kind and a number and passes it through all stages."""
        kind, number = job
        rng = random.Random(f'{self.seed} {kind} {number}')
        case = make_case(kind, number, self.sources, self.folder, rng)
        changed = rng.choice(STAGES) if case.during else None
        row, memory = dict(kind=kind, number=number, size=_size(case.path)), Memory()
        try:
            with memory:
                for name in STAGES:
                    if name == changed:
                        case.during()
                    begin = time.perf_counter()
                    row[name] = self._run(name, case)
                    row[f'{name}_seconds'] = round(time.perf_counter() - begin, 3)
        finally:
            if case.during:
                time.sleep(0.2)  # until the change has happened
            _remove(case.path)
        row['memory'] = memory.most
        row['outcome'], row['why'] = judge(row, case)
        return row

    def _run(self, name: str, case: Case) -> str:
        """Runs a stage; returns '' if it went well, otherwise the message."""
        path = str(case.path)
        try:
            if name == 'probe':
                item = (path, case.is_whole, case.times, case.source, self.seed)
                answer = self.examiner.ask(item, self.timeout)
                if isinstance(answer, WorkerError):
                    return _named(path, answer)
                facts, problems = answer
                self.is_long = isinstance(facts, dict) and facts['duration'] > LONG
                wrong = [text for text in problems if not text.startswith(OLDER)]
                if problems:
                    return f'WRONG: {"; ".join(wrong)}' if wrong else '; '.join(problems)
                return facts if isinstance(facts, str) else ''
            if name in self.data:
                self.data[name][SUFFIXES.index(case.path.suffix)]
            elif name == 'embedder':
                ((_, features),) = embed_files(self.embedder, [path], timeout=self.timeout)
                if isinstance(features, Exception):
                    return _named(path, features)
            elif not self.is_long:
                features = query_features(self.asker, path, timeout=self.timeout)
                match_chunks(self.index, path, chunks_of(features))
        except MediaError as error:
            return _named(path, error.__cause__ or error)
        except RuntimeError as error:
            text, _, advice = str(error).partition('\n')
            return text if 'no file is skipped' in advice else f'LOST: {error!r}'
        except Exception as error:
            return f'LOST: {error!r}'
        return ''


def _named(path: str, error: Exception) -> str:
    if isinstance(error, MediaError):
        return str(error)
    foreseen = str(error).startswith(('no answer', 'the decoder crashed'))
    return f'{path}: {error}' if foreseen else f'LOST: {error}'


def judge(row: dict, case: Case) -> tuple[str, str]:
    """Judges a file by the answers of all stages; returns the outcome and its reason."""
    older = row['probe'].startswith(OLDER)
    answers = {name: '' if older and name == 'probe' else row[name] for name in STAGES}
    for stage, text in answers.items():
        if text.startswith(('LOST', 'WRONG')):
            return text.split(':')[0], f'{stage}: {text}'
        if text and (not text.startswith(str(case.path)) or '\n' in text or text.endswith(': ')):
            return 'WRONG', f'{stage} names no file or no reason: {text}'
        if case.is_refused and not text:
            return 'WRONG', f'{stage} takes it for a media file'
    for outcome, pattern in (('crash survived', 'decoder crashed'), ('cut off', 'no answer')):
        for stage, text in answers.items():
            if re.search(pattern, text):
                return outcome, f'{stage}: {text}'
    bad = [text for text in answers.values() if text]
    if not bad:
        return ('older frame', row['probe']) if older else ('fine', '')
    return 'refused' if len(bad) == len(STAGES) else 'refused in part', bad[0]


def make_case(kind: str, number: int, sources, folder: Path, rng: random.Random) -> Case:
    """Writes the bad file of a kind and a number."""
    source = sources[number % len(sources)]
    turn = number // len(sources)
    path = folder / f'slot{source.suffix}'
    if kind in ODD:
        path, times = ODD[kind](source, folder, rng)
        return Case(kind, path, is_whole=True, times=times)
    if kind in NO_MEDIA:
        path = folder / f'slot{rng.choice(SUFFIXES)}'
        no_media(kind, path, source)
        return Case(kind, path, is_refused=True)
    if kind in CHANGES:
        shutil.copy(source, path)
        others = [other for other in sources if other.suffix == source.suffix]
        act = (kind, path, rng.choice(others), rng.uniform(0, 0.1))
        return Case(kind, path, during=lambda: change(*act))
    table = DAMAGE if kind in DAMAGE else REMUXED
    path.write_bytes(table[kind](source.read_bytes(), rng, turn))
    return Case(kind, path, is_whole=kind in REMUXED, source=source)


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _remove(path: Path) -> None:
    if path.is_dir():
        path.rmdir()
    elif os.path.lexists(path):
        path.unlink()


class Memory:
    """Peak memory (MB) of any single process below this one, while the context is open."""

    def __enter__(self) -> Memory:
        self.most, self._over = 0, threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *exc_info) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(0.1):
            sizes = []
            for process in psutil.Process().children(recursive=True):
                with suppress(psutil.NoSuchProcess):  # it has just ended
                    sizes.append(process.memory_info().rss // 10**6)
            self.most = max([self.most, *sizes])
