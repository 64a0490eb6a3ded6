"""The available measures, and which of them are taken on which data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import UsageError

LISTS = ('root', 'gallery', 'query', 'factors')


@dataclass(frozen=True)
class Measure:
    """A group of figures that form one table of the report.

    Its function has the same name in :data:`avtss_mm.study.measures.groups.TAKEN_BY`.

    Attributes:
        name: Name in a study config.
        title: Line above its table.
        labelled: Whether every file needs a label.
        pairs: Whether it needs features of pairs of windows.
        grid: Whether it needs features of windows at regular times.
        of_run: Whether it measures the whole run; if not, it measures features, fold by fold.
        low_is_good: Beginnings of the names of figures for which lower is better.
        digits: Digits after the decimal point.
    """

    name: str
    title: str
    labelled: bool = False
    pairs: bool = False
    grid: bool = False
    of_run: bool = False
    low_is_good: tuple[str, ...] = ()
    digits: int = 3


MEASURES = {
    measure.name: measure
    for measure in (
        Measure('knn', 'k-NN accuracy, features averaged over a video', labelled=True),
        Measure('linear', 'Linear accuracy, features averaged over a video', labelled=True),
        Measure(
            'retrieval',
            'Retrieval, recall at 1 (`pair_*`: the same clip in the other modality, among all)',
            labelled=True,
        ),
        Measure(
            'temporal',
            'Speed, direction and order from frozen features of clips (linear, on other videos)',
            pairs=True,
        ),
        Measure(
            'synchrony',
            'Synchrony: the true sound among those 1 and 2 s before and after',
            grid=True,
            low_is_good=('sync_rank',),
        ),
        Measure('fingerprint', 'Distorted copies, recall at 1', of_run=True),
        Measure('copies', 'Copies among references, recall at 1', of_run=True),
        Measure(
            'reach',
            'Epochs until the k-NN monitor reaches an accuracy (lower is better)',
            of_run=True,
            low_is_good=('epochs_to_',),
            digits=1,
        ),
        Measure(
            'neighbors',
            'Neighbours: share of the own class at the ranks of positives and negatives '
            '(negatives: lower is better)',
            of_run=True,
            low_is_good=('neighbors_negatives_',),
        ),
    )
}
"""All measures, by name."""


@dataclass(frozen=True)
class Evaluation:
    """A gallery, queries, and what is measured with them.

    Attributes:
        name: Prefix of its figures, as in ``esc10/linear_audio_label``; empty for the study's own
            data.
        root: Folder that the manifests are relative to.
        gallery: Manifest of the gallery, or one for each fold.
        query: Manifest of the queries, or one for each fold.
        factors: Names of the parts of a class name such as ``bounce-bell``.
        measures: Measures to take, names in :data:`MEASURES`.
        toy: Arguments of tools/data/make_toy_dataset.py, if that makes the data.
    """

    name: str
    root: Path
    gallery: str | Sequence[str]
    query: str | Sequence[str]
    factors: Sequence[str]
    measures: tuple[str, ...]
    toy: dict | None = None

    @property
    def folds(self) -> list[tuple[str, str]]:
        """Manifests of gallery and queries, a pair per fold."""
        return list(zip(_several(self.gallery), _several(self.query)))

    def prefixed(self, name: str) -> str:
        """Full name of a figure or a measure."""
        return f'{self.name}/{name}' if self.name else name


def read_evaluations(
    data: dict, measures: Sequence[str], given: dict | None
) -> dict[str, Evaluation]:
    """Check ``measures`` and ``evaluations`` of a study config.

    Args:
        data (dict): Data of the study; its lists serve where an evaluation names none.
        measures (Sequence[str]): Measures on the study's own data.
        given (dict, optional): Evaluations of further data, by name: ``measures``, and those of
            ``root``, ``gallery``, ``query``, ``factors`` and ``toy`` that differ.

    Raises:
        UsageError: If a measure is unknown or not possible with folds, or nothing is measured.
    """
    defaults = {key: data[key] for key in LISTS}
    evaluations = {'': dict(measures=measures)} if measures else {}
    evaluations.update(given or {})
    if not evaluations:
        raise UsageError('a study needs measures, of its own data or in evaluations')
    return {name: _read(name, {**defaults, **values}) for name, values in evaluations.items()}


def _read(name: str, values: dict) -> Evaluation:
    title = f'evaluations.{name}' if name else 'measures'
    unknown = set(values) - {*LISTS, 'measures', 'toy'}
    if unknown or not values.get('measures') or '/' in name:
        keys = ', '.join(('measures', *LISTS, 'toy'))
        raise UsageError(f'{title} is a dict of {keys}; got {", ".join(values)}')
    absent = [measure for measure in values['measures'] if measure not in MEASURES]
    if absent:
        raise UsageError(f'{title}: measures are {", ".join(MEASURES)}, not {", ".join(absent)}')
    values = {**values, 'root': Path(values['root']), 'measures': tuple(values['measures'])}
    sides = [_several(values[side]) for side in ('gallery', 'query')]
    if len(sides[0]) != len(sides[1]):
        raise UsageError(f'{title}: gallery and query must have a list for each fold')
    single = [measure for measure in values['measures'] if MEASURES[measure].of_run]
    if len(sides[0]) > 1 and single:
        raise UsageError(f'{title}: {", ".join(single)} cannot be measured in folds')
    return Evaluation(name, **values)


def _several(names: str | Sequence[str]) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names)
