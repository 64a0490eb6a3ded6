"""Small data sets of real files in the official layouts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile


def write_ucf101(root: Path, make_video) -> None:
    """Writes UCF101 with 2 classes of 3 groups of 2 clips; every other clip has no sound."""
    clips = []
    for label, kind in enumerate(('Archery', 'Bowling'), 1):
        for i in range(6):
            name = f'{kind}/v_{kind}_g{i // 2 + 1:02}_c{i % 2 + 1:02}.avi'
            options = dict(duration=1, fps=10, size=(48, 64), audio=('tone', None)[i % 2])
            make_video(root / 'UCF-101' / name, seed=10 * label + i, **options)
            clips.append((name, label, i // 2 + 1))
    lists = root / 'ucfTrainTestlist'
    lists.mkdir()
    (lists / 'classInd.txt').write_text('1 Archery\r\n2 Bowling\r\n')
    for k in (1, 2, 3):
        train = ''.join(f'{name} {label}\r\n' for name, label, group in clips if group != k)
        (lists / f'trainlist0{k}.txt').write_text(train)
        test = ''.join(f'{name}\r\n' for name, _, group in clips if group == k)
        (lists / f'testlist0{k}.txt').write_text(test)


def write_esc50(root: Path) -> None:
    """Writes ESC-50 with 2 tones and 2 noises of 5 s in each of its 5 folds."""
    (root / 'audio').mkdir(parents=True)
    (root / 'meta').mkdir()
    rows = ['filename,fold,target,category,esc10,src_file,take']
    rng = np.random.default_rng(0)
    time = np.arange(5 * 16000) / 16000
    for fold in range(1, 6):
        for target, category in enumerate(('dog', 'rain')):
            source = 100 * fold + target
            for take in 'AB':
                name = f'{fold}-{source}-{take}-{target}.wav'
                tone = np.sin(2 * np.pi * (400 + 30 * fold) * time)
                sound = rng.normal(size=time.size) if target else tone
                soundfile.write(root / 'audio' / name, 0.1 * sound, 16000)
                rows.append(f'{name},{fold},{target},{category},True,{source},{take}')
    (root / 'meta/esc50.csv').write_text('\n'.join(rows))
