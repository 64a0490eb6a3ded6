"""Features of a study's files; one pass over a file reads all of its windows."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from mmaction.registry import TRANSFORMS
from mmengine.config import Config
from tqdm import tqdm

from ...apis.embed_files import embed_files
from ...apis.embedder import ClipFeatures, Embedder
from ...errors import UsageError
from ...media import load_manifest
from ..plan import Study
from .kept_clips import KeptClips
from .temporal import WindowPairs
from .windows import StudyWindows

LENGTHS = ('clip_len', 'video_fps', 'clip_duration')
PAIR_LABELS = ('video_speed', 'audio_speed', 'video_direction', 'audio_direction')
AT_ONCE = 64
CLIPS = 'clips'
"""Subfolder of a study for clips decoded for its measures; it may be deleted."""


@dataclass(frozen=True)
class FileFeatures:
    """Features of one video, by modality.

    Attributes:
        row: Row of the manifest.
        whole: Features of the clips of the config's ``feature_pipeline``.
        grid: Features of clips at regular times; empty unless asked for.
        pairs: Features of the two clips of each drawn pair of windows.
        labels: Labels by :class:`SampleAVClips` of each pair.
    """

    row: dict
    whole: dict[str, ClipFeatures]
    grid: dict[str, ClipFeatures]
    pairs: list[dict[str, ClipFeatures]]
    labels: list[dict]


def read_rows(
    path: Path, factors: Sequence[str] = (), labelled: bool = True
) -> tuple[list[dict], Sequence[str]]:
    """Read the rows of a manifest with the label of each factor, and the class names.

    Args:
        path (Path): Path of the manifest.
        factors (Sequence[str]): Names of the parts of a class name.
        labelled (bool): Whether every row must have a label. Defaults to True.

    Raises:
        FileNotFoundError: If there is no such manifest.
        UsageError: If class names lack the factors, or a row lacks a duration or label.
    """
    rows, metainfo = load_manifest(path, allow_outside=True)  # prepare_copies.py names with ..
    classes = metainfo.get('classes') or ()
    parts = [name.split('-') for name in classes] if factors else []
    if factors and (not parts or any(len(names) != len(factors) for names in parts)):
        raise UsageError(f'{path}: names of classes are not <{">-<".join(factors)}>')
    for row in rows:
        if not row.get('duration') or (labelled and row.get('label', -1) < 0):
            lacks = 'no duration or no label' if labelled else 'no duration'
            raise UsageError(f'{path}: {row["filename"]} has {lacks}')
        for place, factor in enumerate(factors):
            values = sorted({names[place] for names in parts})
            row[factor] = values.index(parts[row['label']][place])
    return rows, classes


def embed_rows(
    study: Study,
    cfg: Config,
    checkpoint: str,
    root: Path,
    rows: Sequence[dict],
    pairs: bool = False,
    stride: float | None = None,
) -> list[FileFeatures]:
    """Compute the features of files, in their order.

    Args:
        study (Study): Study that defines how pairs are drawn.
        cfg (Config): Config of the run; its ``feature_pipeline`` defines the clips.
        checkpoint (str): Path of the run's weights.
        root (Path): Folder that the file names are relative to.
        rows (Sequence[dict]): Rows of a manifest. If none has video, only audio is used.
        pairs (bool): Whether to draw pairs of windows. Defaults to False.
        stride (float, optional): Seconds between the windows of the grid. Defaults to None: none.

    Returns:
        list[FileFeatures]: Features of each file; empty for audio files if the run has no audio
        network.

    Raises:
        UsageError: If the config does not define a clip, or a file cannot be read.
    """
    cfg = copy.deepcopy(cfg)
    place, step = _find_sampler(cfg)
    lengths = {key: step[key] for key in LENGTHS if key in step}
    drawn = dict(
        type='SampleAVClips',
        speeds=study.temporal['speeds'],
        **{key: step[key] for key in LENGTHS[:2] if key in step},
    )
    samplers = [dict(step)] + [drawn] * (study.temporal['draws'] if pairs else 0)
    config = dict(type=StudyWindows.__name__, samplers=samplers, stride=stride, **lengths)
    cfg.feature_pipeline[place] = config
    windows = TRANSFORMS.build(config)
    embedder = Embedder(checkpoint, cfg, batch_size=AT_ONCE)
    modalities = embedder.modalities
    if not any(row.get('width', 1) for row in rows):
        modalities = tuple(name for name in modalities if name == 'audio')
        if not modalities:
            return []
    by_path = {str(root / row['filename']): row for row in rows}
    durations = [row['duration'] for row in rows]
    reader = KeptClips(embedder.clip_reader(modalities), study.out / CLIPS)
    found = embed_files(embedder, list(by_path), modalities, durations, reader=reader)
    files = {}
    for path, features in tqdm(found, 'features', len(rows), disable=None):
        if isinstance(features, Exception):
            raise UsageError(f'a study must read every file in its manifests: {features}')
        row = by_path[path]
        files[path] = _split(row, features, windows.draw(path, row['duration']))
    return [files[path] for path in by_path]


def _find_sampler(cfg: Config) -> tuple[int, dict]:
    for place, step in enumerate(cfg.get('feature_pipeline') or []):
        if step['type'] == 'UniformSampleAVClips':
            return place, step
    raise UsageError('a variant needs a feature_pipeline with UniformSampleAVClips')


def _split(row: dict, features: dict[str, ClipFeatures], parts: list[dict]) -> FileFeatures:
    ends = np.cumsum([part['num_clips'] for part in parts])
    slices = [slice(end - part['num_clips'], end) for end, part in zip(ends, parts)]
    grid, whole, *pairs = ({name: _take(x, s) for name, x in features.items()} for s in slices)
    return FileFeatures(row, whole, grid, pairs, parts[2:])


def _take(features: ClipFeatures, rows: slice) -> ClipFeatures:
    return ClipFeatures(*(None if x is None else x[rows] for x in vars(features).values()))


def whole_rows(files: Sequence[FileFeatures], subset: str, factor: str = 'label') -> list[dict]:
    """Average the features over each video, as the metrics of :class:`FeatureMetric` expect."""
    rows = []
    for file in files:
        group = str(file.row.get('group') or file.row['filename'])
        row = dict(subset=subset, label=int(file.row[factor]), group=group)
        for name, clips in file.whole.items():
            if clips.has_audio.any():
                mean = clips.mean()
                row[f'{name}_feat'] = mean.feat[0].astype(np.float16)
                if mean.embedding is not None:
                    row[f'{name}_embedding'] = mean.embedding[0].astype(np.float16)
        rows.append(row)
    return rows


def window_pairs(files: Sequence[FileFeatures]) -> WindowPairs:
    """Collect all pairs of windows in arrays."""
    pairs = [(number, pair) for number, file in enumerate(files) for pair in file.pairs]
    labels = [label for file in files for label in file.labels]
    names = pairs[0][1]
    silent = np.zeros(2, bool)
    return WindowPairs(
        features={name: np.stack([pair[name].feat for _, pair in pairs]) for name in names},
        has_audio=np.stack([p['audio'].has_audio if 'audio' in p else silent for _, p in pairs]),
        labels={
            **{name: np.stack([label[name] for label in labels]) for name in PAIR_LABELS},
            'clip_order': np.array([label['clip_order'] for label in labels]),
        },
        videos=np.array([number for number, _ in pairs]),
    )
