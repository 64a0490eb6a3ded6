"""Reads the official lists of action recognition data sets."""

from __future__ import annotations

import re
from pathlib import Path

from .lists import Clip, Listing, end_of_path, find_list, find_lists, official_form

NUMBERS = '123'
"""Numbers of the splits of UCF101 and HMDB51."""

HMDB51_TAGS = r'_[a-z]+_[a-z]+_np\d+_[a-z]+_[a-z]+_\d+'
"""Tags of a name: body part, camera motion, number of people, viewpoint, quality, clip number."""

KINETICS_COLUMNS = {'youtube_id', 'time_start', 'time_end', 'split'}
KINETICS_SPLITS = {'train': 'train', 'val': 'val', 'validate': 'val', 'test': 'test'}
"""Names of the manifests, by the official names of the splits."""


def read_ucf101(folder: Path) -> Listing:
    """Reads ``classInd.txt`` and ``{train,test}list0{1,2,3}.txt``; labels start at 0.

    The test lists have no labels, so all labels are taken from the folder of the video.
    """
    index = find_list(folder, 'classInd.txt')
    with official_form(index) as file:
        numbered = [(int(number), name) for number, name in map(str.split, file.lines())]
        classes = [name for _, name in sorted(numbered)]
    splits, absent = {}, []
    for number in NUMBERS:
        for part in ('train', 'test'):
            path = index.with_name(f'{part}list0{number}.txt')
            if not path.exists():
                absent.append(path.name)
                continue
            with official_form(path) as file:
                names = (re.sub(r'\s+\d+$', '', line) for line in file.lines())
                clips = [_ucf101_clip(end_of_path(name, 2), classes) for name in names]
            splits[f'{part}_split{number}'] = clips
    return Listing(classes, splits, absent)


def _ucf101_clip(name: str, classes: list[str]) -> Clip:
    """Parses ``<Class>/v_<Class>_gNN_cNN.avi``; gNN is the video from which the clip was cut."""
    label, base = name.split('/')
    group = f'{label}_{base.split("_")[2]}'
    return Clip((name,), dict(label=classes.index(label), group=group))


def read_hmdb51(folder: Path) -> Listing:
    """Reads ``<class>_test_split{1,2,3}.txt``: file and 1 (train), 2 (test) or 0 (unused)."""
    paths = {path.name: path for path in find_lists(folder, '*_test_split[123].txt')}
    classes = sorted({name[: -len('_test_split1.txt')] for name in paths})
    splits = {f'{part}_split{number}': [] for number in NUMBERS for part in ('train', 'test')}
    absent = []
    for label, name in enumerate(classes):
        for number in NUMBERS:
            path = paths.get(f'{name}_test_split{number}.txt')
            if path is None:
                absent.append(f'{name}_test_split{number}.txt')
                continue
            train, test = splits[f'train_split{number}'], splits[f'test_split{number}']
            with official_form(path) as file:
                for line in file.lines():
                    clip, use = line.rsplit(maxsplit=1)
                    {'0': [], '1': train, '2': test}[use].append(
                        _hmdb51_clip(name, end_of_path(clip, 1), label)
                    )
    return Listing(classes, {split: clips for split, clips in splits.items() if clips}, absent)


def _hmdb51_clip(name: str, clip: str, label: int) -> Clip:
    """Parses ``<source>_<class>_<tags>.avi``; the source is a film or a video from the web."""
    group = re.sub(f'_{re.escape(name)}{HMDB51_TAGS}$', '', Path(clip).stem)
    return Clip((f'{name}/{clip}',), dict(label=label, group=group))


def read_kinetics(folder: Path) -> Listing:
    """Reads all CSV files with columns ``label, youtube_id, time_start, time_end, split``.

    A list without ``label`` (an early test set) gives rows without a label.
    """
    rows = {}
    for path in find_lists(folder, '*.csv'):
        with official_form(path) as file:
            for row in file.table(whole=False):  # the file may be another table
                if not KINETICS_COLUMNS <= set(row):
                    break  # another table
                start, end = (int(float(row[key])) for key in ('time_start', 'time_end'))
                name = f'{row["youtube_id"]}_{start:06d}_{end:06d}'
                rows[KINETICS_SPLITS[row['split']], name] = row
    classes = sorted({row['label'] for row in rows.values() if row.get('label')})
    numbers = {label: number for number, label in enumerate(classes)}
    splits: dict[str, list[Clip]] = {'train': [], 'val': [], 'test': []}
    for (split, name), row in rows.items():
        facts = dict(group=row['youtube_id'])
        if row.get('label'):
            facts['label'] = numbers[row['label']]
        splits[split].append(Clip((name,), facts))
    absent = [f'{split}.csv' for split, clips in splits.items() if not clips]
    return Listing(classes, {split: clips for split, clips in splits.items() if clips}, absent)
