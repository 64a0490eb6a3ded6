"""Loads good and bad files with data workers, for ``media_faults.py``."""

from __future__ import annotations

import os
import random
import shutil
import signal
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from media_faults_damage import DAMAGE
from media_faults_odd import NO_MEDIA, no_media
from torch.utils.data import DataLoader

from avtss_mm.datasets import AudioVisualDataset


def decode_badly(row: dict) -> dict:
    """Acts like a decoder that never returns, or like one that crashes."""
    if 'hangs' in row['filename']:
        time.sleep(10**6)
    if 'crashes' in row['filename']:
        os.kill(os.getpid(), signal.SIGSEGV)
    return row


def serve(pipeline: list[dict], sources: list[Path], timeout: float, seed: int) -> tuple[str, bool]:
    """Serves 120 files, a third of them bad, with two workers for two epochs.

    Returns:
        tuple: Summary in one line, and whether all is well.
    """
    rng = random.Random(seed)
    with TemporaryDirectory() as holder:
        folder = Path(holder)
        for number in range(80):
            source = rng.choice(sources)
            shutil.copy(source, folder / f'{number} good{source.suffix}')
        for number in range(28):
            source, damage = rng.choice(sources), rng.choice(list(DAMAGE.values()))
            data = damage(source.read_bytes(), rng, number)
            (folder / f'{number} damaged{source.suffix}').write_bytes(data)
        for kind in NO_MEDIA:
            no_media(kind, folder / f'{kind}.mp4', sources[0])
        for name in ('1 hangs.mp4', '2 hangs.mp4', '1 crashes.mp4', '2 crashes.mp4'):
            shutil.copy(sources[0], folder / name)
        names = folder / 'names.txt'
        names.write_text('\n'.join(f'{path} 0' for path in sorted(folder.iterdir())))
        steps = [decode_badly, *pipeline]
        data = AudioVisualDataset(
            str(names), steps, timeout=timeout, max_bad_fraction=1.0, seed=seed
        )
        loader = DataLoader(data, None, num_workers=2, persistent_workers=True)
        served = [sum(1 for _ in loader)]
        workers = [worker.pid for worker in loader._iterator._workers]
        served.append(sum(1 for _ in loader))
        same = workers == [worker.pid for worker in loader._iterator._workers]
        fine = same and served == [len(data)] * 2 and data.num_served == sum(served)
        skipped = data.num_skipped
    return (
        f'A loader of two workers served {served[0]} + {served[1]} samples of {len(data)} files, '
        f'{skipped} draws of bad files replaced; workers {"lived on" if same else "DIED"}.',
        fine,
    )
