"""Reads the official lists of audio data sets."""

from __future__ import annotations

from pathlib import Path

from .lists import Clip, Listing, end_of_path, find_list, find_lists, official_form

AUDIOSET_LISTS = ('balanced_train', 'unbalanced_train', 'eval')


def read_esc50(folder: Path) -> Listing:
    """Reads ``esc50.csv``: split k is tested on fold k and trained on the others.

    Labels are the official ones. For a subset such as ESC-10, its labels are renumbered in order.
    """
    path = find_list(folder, 'esc50.csv')
    names, clips = {}, []
    with official_form(path) as file:
        for row in file.table():
            target, name = int(row['target']), end_of_path(row['filename'], 1)
            names[target] = row['category']
            facts = dict(label=target, group=row['src_file'])
            clips.append((int(row['fold']), Clip((f'audio/{name}', name), facts)))
    labels = {target: label for label, target in enumerate(sorted(names))}
    for _, clip in clips:
        clip.row['label'] = labels[clip.row['label']]
    folds = sorted({fold for fold, _ in clips})
    splits = {}
    for fold in folds:
        splits[f'train_fold{fold}'] = [clip for number, clip in clips if number != fold]
        splits[f'test_fold{fold}'] = [clip for number, clip in clips if number == fold]
    return Listing([names[target] for target in labels], splits, [])


def read_vggsound(folder: Path) -> Listing:
    """Reads ``vggsound.csv``: id, start, label, split, without a header."""
    path = find_list(folder, 'vggsound.csv')
    splits: dict[str, list[Clip]] = {'train': [], 'test': []}
    with official_form(path) as file:
        for row in file.table(('id', 'start', 'label', 'split')):
            facts = dict(label=row['label'], group=row['id'])
            clip = Clip(clip_names(row['id'], int(float(row['start']))), facts)
            splits[row['split']].append(clip)
    clips = [clip for split in splits.values() for clip in split]
    classes = sorted({clip.row['label'] for clip in clips})
    numbers = {label: number for number, label in enumerate(classes)}
    for clip in clips:
        clip.row['label'] = numbers[clip.row['label']]
    return Listing(classes, splits, [])


def read_audioset(folder: Path) -> Listing:
    """Reads ``class_labels_indices.csv`` and all existing lists ``*_segments.csv``.

    Rows have all ``labels``, and the first of them as ``label``. The split ``train`` consists of
    ``unbalanced_train`` and, if its list exists, ``balanced_train``.
    """
    index = find_list(folder, 'class_labels_indices.csv')
    with official_form(index) as file:
        rows = [(int(row['index']), row['mid'], row['display_name']) for row in file.table()]
    numbers = {mid: number for number, mid, _ in rows}
    classes = [name for *_, name in sorted(rows)]
    splits, absent = {}, []
    for name in AUDIOSET_LISTS:
        paths = find_lists(folder, f'{name}_segments.csv')
        if not paths:
            absent.append(f'{name}_segments.csv')
            continue
        with official_form(paths[0]) as file:
            rows = file.table(('id', 'start', 'end', 'mids'))
            splits[name] = [_audioset_clip(row, numbers) for row in rows]
    unbalanced = splits.pop('unbalanced_train', None)
    if unbalanced is not None:
        splits = {'train': unbalanced + splits.get('balanced_train', []), **splits}
    return Listing(classes, splits, absent)


def _audioset_clip(row: dict[str, str], numbers: dict[str, int]) -> Clip:
    name, labels = row['id'], [numbers[mid] for mid in row['mids'].split(',')]
    names = (*clip_names(name, int(float(row['start']))), f'Y{name}', name)
    return Clip(names, dict(label=labels[0], labels=labels, group=name))


def clip_names(name: str, start: int) -> tuple[str, ...]:
    """Names of a clip of 10 s in the usual download scripts: there is no official archive."""
    milliseconds = f'{name}_{start * 1000}_{(start + 10) * 1000}'
    return f'{name}_{start:06d}', f'{name}_{start}', milliseconds
