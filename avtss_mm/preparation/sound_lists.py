"""Reads the official lists of the data sets of sounds."""

from __future__ import annotations

from pathlib import Path

from .lists import Clip, Listing, find_list, find_lists, official_form, read_table

AUDIOSET_LISTS = ('balanced_train', 'unbalanced_train', 'eval')


def read_esc50(folder: Path) -> Listing:
    """``esc50.csv``: fold k is tested by what is learnt from the others.

    Labels are the official ones; of a part, such as ESC-10, those that are there are numbered
    anew in their order.
    """
    path = find_list(folder, 'esc50.csv')
    with official_form(path):
        rows = read_table(path)
        names = {int(row['target']): row['category'] for row in rows}
        labels = {target: label for label, target in enumerate(sorted(names))}
        folds = sorted({int(row['fold']) for row in rows})
        clips = [(int(row['fold']), _esc50_clip(row, labels)) for row in rows]
    splits = {}
    for fold in folds:
        splits[f'train_fold{fold}'] = [clip for number, clip in clips if number != fold]
        splits[f'test_fold{fold}'] = [clip for number, clip in clips if number == fold]
    return Listing([names[target] for target in labels], splits, [])


def _esc50_clip(row: dict[str, str], labels: dict[int, int]) -> Clip:
    facts = dict(label=labels[int(row['target'])], group=row['src_file'])
    return Clip((f'audio/{row["filename"]}', row['filename']), facts)


def read_vggsound(folder: Path) -> Listing:
    """``vggsound.csv``: id, start, label, split, without a header."""
    path = find_list(folder, 'vggsound.csv')
    splits: dict[str, list[Clip]] = {'train': [], 'test': []}
    with official_form(path):
        rows = read_table(path, ('id', 'start', 'label', 'split'))
        classes = sorted({row['label'] for row in rows})
        numbers = {label: number for number, label in enumerate(classes)}
        for row in rows:
            name = f'{row["id"]}_{int(row["start"]):06d}'
            facts = dict(label=numbers[row['label']], group=row['id'])
            splits[row['split']].append(Clip((name,), facts))
    return Listing(classes, splits, [])


def read_audioset(folder: Path) -> Listing:
    """``class_labels_indices.csv`` and the lists ``*_segments.csv`` that are there.

    Rows have all ``labels``, and the first of them as ``label``. The split ``train`` is
    ``unbalanced_train`` and, where its list is there, ``balanced_train``.
    """
    index = find_list(folder, 'class_labels_indices.csv')
    with official_form(index):
        rows = read_table(index)
        numbers = {row['mid']: int(row['index']) for row in rows}
        classes = [row['display_name'] for row in sorted(rows, key=lambda row: int(row['index']))]
    splits, absent = {}, []
    for name in AUDIOSET_LISTS:
        paths = find_lists(folder, f'{name}_segments.csv')
        if not paths:
            absent.append(f'{name}_segments.csv')
            continue
        with official_form(paths[0]):
            rows = read_table(paths[0], ('id', 'start', 'end', 'mids'))
            splits[name] = [_audioset_clip(row, numbers) for row in rows]
    unbalanced = splits.pop('unbalanced_train', None)
    if unbalanced is not None:
        splits = {'train': unbalanced + splits.get('balanced_train', []), **splits}
    return Listing(classes, splits, absent)


def _audioset_clip(row: dict[str, str], numbers: dict[str, int]) -> Clip:
    """Files are named as the usual download scripts do it: there is no official archive."""
    start = int(float(row['start']))
    name, labels = row['id'], [numbers[mid] for mid in row['mids'].split(',')]
    names = (f'{name}_{start:06d}', f'{name}_{start}', f'Y{name}', name)
    return Clip(names, dict(label=labels[0], labels=labels, group=name))
