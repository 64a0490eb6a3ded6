"""Robustness of fingerprints: whether, and where, distorted copies are found."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path, PurePath

import numpy as np
from mmaction.registry import METRICS
from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log
from tqdm import tqdm

from ..choices import MODALITIES
from ..matching.whitening import whiten_rows
from ..time_map import TimeMap
from .exact_search import FIELDS, Gallery, chunk_vectors, exact_search
from .robustness_table import means, read_table, table_text, tabulate, write_table
from .scores import Answer, Truth, answer
from .vsc import write_vsc

LABELS = ('distortion', 'severity', 'family', 'modality_affected')
KEPT = (*LABELS, 'filename')
"""Fields of a query that its answers keep."""
TIMES = ('query_start', 'query_end', 'speed', 'offset')


@METRICS.register_module()
class FingerprintMetric(BaseMetric):
    """Search for distorted copies among clean videos by exact search of their chunks.

    It needs features of each chunk: an :class:`AVEncoder` with ``test_cfg=dict(per_clip=True)``.
    Samples with ``subset='gallery'`` are searched. Those with ``subset='query'`` are copies as
    ``tools/fingerprint.py distort`` lists them: ``source`` (file of the gallery, or a list of
    duplicates), ``distortion``, ``severity`` and the time map. A query without ``source``, or whose
    source is not in the gallery, is a negative query, for which nothing should be found. Samples
    with ``subset='background'`` are neither; they are used by ``beta``.

    The score of a video is the mean cosine similarity of its most similar chunks to the 5 query
    chunks that it resembles most. :func:`find_segments` gives the positions. Features are first
    whitened by those of the gallery, see :mod:`avtss_mm.fingerprint.matching.whitening`.

    Args:
        weights (dict): Weights of ``'v'`` and ``'a'`` when both are fused. Defaults to 1 each.
        topk (int): Number of hits per chunk from which segments are found. Defaults to 20.
        beta (float): Strength of score normalisation: ``beta`` times the similarity to the nearest
            background chunk is subtracted from each chunk's similarities. Defaults to 0: none.
        whiten (bool): Whether features are whitened. Defaults to True.
        through_tool (bool): Whether the table also has the R@1 of ``avtss-fp``, which has another
            fusion and ranking, see :mod:`avtss_mm.fingerprint.through_tool`. Costs up to a second
            per query. Defaults to False.
        held_out (float): Share of the sources to remove from the gallery, evenly spread, so that
            their copies become negative queries. Defaults to 0.
        out_dir (str, optional): Folder for ``table.csv``, ``table.json``, ``heat_map.png``,
            ``curves.png`` (for several severities), and in the format of the Video Similarity
            Challenge ``matches_<m>.csv`` of each modality, ``ground_truth.csv`` and ``ids.csv``.
            Defaults to None: no files.
        others (dict, optional): Paths of ``table.json`` of other methods on the same queries, by
            name, to show in the same table. Defaults to None.
        collect_device (str): Device that collects the results of all ranks. Defaults to ``'cpu'``.
        prefix (str, optional): Prefix of the names of the figures. Defaults to None: the metric's
            own.
    """

    default_prefix = 'fingerprint'

    def __init__(
        self,
        weights: dict[str, float] = dict(v=1.0, a=1.0),  # noqa: B006
        topk: int = 20,
        beta: float = 0.0,
        whiten: bool = True,
        through_tool: bool = False,
        held_out: float = 0.0,
        out_dir: str | None = None,
        others: dict[str, str] | None = None,
        collect_device: str = 'cpu',
        prefix: str | None = None,
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        self.weights = dict(weights)
        self.topk = topk
        self.beta = beta
        self.whiten = whiten
        self.through_tool = through_tool
        self.held_out = held_out
        self.out_dir = out_dir
        self.others = {name: read_table(path) for name, path in (others or {}).items()}

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:
        """Keep the features (float16) and times of each sample's chunks, and its metadata."""
        for sample in data_samples:
            names = ('subset', 'filename', 'source', 'clip_times', 'has_audio', 'descriptors')
            names += (*LABELS, *TIMES)
            row = {name: sample[name] for name in names if name in sample}
            for name in FIELDS.values():
                if name in sample:
                    row[name] = sample[name].cpu().numpy().astype(np.float16)
            self.results.append(row)

    def compute_metrics(self, results: list[dict]) -> dict[str, float]:
        """Search, and write the results.

        Returns:
            dict: Means of the table, see :func:`.robustness_table.means`,
            and ``<modality>_R@1_chance``.

        Raises:
            ValueError: If gallery, queries or features of chunks are missing, or no source of a
                query is in the gallery.
        """
        sides = defaultdict(list)
        for row in results:
            sides[row['subset']].append(row)
        gallery, queries = sides['gallery'], sides['query']
        if not gallery or not queries:
            raise ValueError(
                "FingerprintMetric needs samples with subset='gallery' and subset='query'; "
                f'got {len(gallery)} gallery, {len(queries)} query'
            )
        if self.beta and not sides['background']:
            raise ValueError("beta needs samples with subset='background'")
        self._check(results)
        truths = find_truths(queries, [row['filename'] for row in gallery])
        if self.held_out:
            gallery = hold_out(gallery, truths, self.held_out)
            truths = find_truths(queries, [row['filename'] for row in gallery])
        compared = [gallery, queries, sides['background']]
        if self.whiten:
            for side, name in FIELDS.items():
                usable = 'has_audio' if side == 'a' else None
                compared = [whiten_rows(rows, compared[0], name, usable) for rows in compared]
        answers = []
        for modality in MODALITIES:
            answers += self._search(modality, *compared, truths)
        rows = tabulate(answers)
        tables = {'ours': rows, **self.others}
        tool = {}
        if self.through_tool:
            from ..through_tool import tool_answers  # imported here: it needs an index

            found = tool_answers(gallery, queries, truths, KEPT)
            tool = {kind: tabulate(answers) for kind, answers in found.items()}
            tables |= tool
        print_log('\n' + table_text(tables), logger='current')
        if self.out_dir is not None:
            folder = Path(self.out_dir)
            for kind, table in {'': rows, **tool}.items():
                (folder / kind).mkdir(parents=True, exist_ok=True)
                write_table(folder / kind, table)
            # imported here: matplotlib is slow, and few processes draw
            from .figure import draw_heat_maps, draw_severity_curves

            draw_heat_maps(rows, folder / 'heat_map.png')
            draw_severity_curves(tables, folder / 'curves.png')
            write_vsc(folder, gallery, queries, truths, answers)
            print_log(f'tables and pictures are in {folder}', logger='current')
        chance = {f'{m}_R@1_chance': 1 / len(gallery) for m in {row['modality'] for row in rows}}
        tool = {f'{kind}_{name}': x for kind, t in tool.items() for name, x in means(t).items()}
        return {**means(rows), **chance, **tool}

    @staticmethod
    def _check(results: list[dict]) -> None:
        features = [row[name] for row in results for name in FIELDS.values() if name in row]
        if not features or any(x.ndim != 2 for x in features) or 'clip_times' not in results[0]:
            raise ValueError(
                'FingerprintMetric needs features of each chunk and their times: set '
                "model.test_cfg=dict(per_clip=True) and pack 'audio_windows'"
            )

    def _search(self, modality, gallery, queries, background, truths) -> list[Answer]:
        sizes = {}
        for side in modality:
            features = [r[FIELDS[side]] for r in gallery if FIELDS[side] in r]
            if not features:
                return []
            sizes[side] = features[0].shape[1]

        def vectors(row: dict, as_query: bool = False):
            return chunk_vectors(row, modality, self.weights, sizes, as_query)

        searched = Gallery.of([vectors(row) for row in gallery])
        kept = [(row, truth, *vectors(row, True)) for row, truth in zip(queries, truths)]
        kept = [item for item in kept if len(item[2])]
        if not kept or not len(searched.time):
            return []
        chunks = [item[2:] for item in kept]
        found = exact_search(searched, chunks, self.topk)
        distances = [0.0] * len(kept)
        if self.beta:
            unrelated = Gallery.of([vectors(row) for row in background])
            nearest = exact_search(unrelated, chunks, topk=1)
            distances = (self.beta * each.best.max(axis=1) for each in nearest)
        answers = []
        progress = tqdm(kept, f'search {modality}', disable=None)
        for (row, truth, times, _), result, level in zip(progress, found, distances):
            labels = {name: row[name] for name in KEPT if name in row}
            answers.append(answer(result, times, truth, level, modality=modality, **labels))
        return answers


def find_truths(queries: Sequence[dict], filenames: Sequence[str]) -> list[Truth]:
    """Find the gallery files and times from which each query is copied.

    A ``source`` is a file of the gallery if one of the two paths ends with the other.

    Args:
        queries (Sequence[dict]): Rows with ``source`` and the time map, if known.
        filenames (Sequence[str]): File names of the gallery.

    Raises:
        ValueError: If a source is ambiguous, or no source is in the gallery.
    """
    by_name = defaultdict(list)
    for number, filename in enumerate(filenames):
        by_name[PurePath(filename).name].append((number, PurePath(filename).parts))
    truths = []
    for row in queries:
        sources = row.get('source') or []
        sources = [sources] if isinstance(sources, str) else sources
        videos = []
        for source in sources:
            parts = PurePath(source).parts
            ends = [n for n, p in by_name[parts[-1]] if p[-len(parts) :] == parts[-len(p) :]]
            if len(ends) > 1:
                both = ' or '.join(filenames[n] for n in ends[:2])
                raise ValueError(
                    f'source {source} of {row["filename"]} may be {both}: give more of its path'
                )
            videos += ends
        times = [row.get(name) for name in TIMES]
        time_map = None if None in times else TimeMap(**dict(zip(TIMES, times)))
        truths.append(Truth(tuple(videos), time_map))
    if not any(truth.videos for truth in truths):
        raise ValueError(
            'no query has a source that is in the gallery; '
            f'{queries[0]["filename"]} names {queries[0].get("source")}, the gallery has '
            f'{filenames[0]}'
        )
    return truths


def hold_out(gallery: list[dict], truths: Sequence[Truth], share: float) -> list[dict]:
    """Remove a share of the queries' sources from the rows of the gallery."""
    sources = sorted({truth.videos for truth in truths if truth.videos})
    places = np.arange(0, len(sources), 1 / share).astype(int)
    held = {video for place in places for video in sources[place]}
    return [row for number, row in enumerate(gallery) if number not in held]
