"""A data set of videos with sound, from a manifest or a list of paths."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

import numpy as np
import torch
from mmaction.datasets import BaseActionDataset
from mmaction.registry import DATASETS
from mmengine.logging import print_log

from ..errors import ManifestError, MediaError
from ..media.remote import join
from ..media.rows import may_sound
from ..workers.parcel import tensors_of
from .epoch_draws import EpochDraws
from .guarded_pipeline import Draw, Loaded, chosen_row, guard, load
from .sample_cache import SampleCache
from .shared_memory import SampleCounter, SharedTensor
from .unreadable import UnreadableFiles
from .video_list import (
    check_paths,
    describe,
    first_of_each_class,
    pack_rows,
    read_list,
    readable_command,
    short_warning,
    uncollected,
)

MAX_CONSECUTIVE_FAILURES = 20


@DATASETS.register_module()
class AudioVisualDataset(BaseActionDataset):
    """Videos with sound.

    A sample is a function of (seed, epoch, index). These three seed all generators from which the
    transforms draw, also those of mmaction2 and mmcv, whatever the number of workers. The
    caller's generators are unchanged. :class:`EpochSeedHook` sets the epoch and the seed; without
    it every epoch draws the same windows, and the log warns about it. For the same reason a
    RepeatDataset around this data set repeats identical samples: train for more epochs instead.

    An unreadable file is counted, named once in the log, and replaced by another one, drawn with
    the same seed. Training stops if too many files fail. In ``test_mode`` no file is replaced, as
    a metric over other videos would be wrong: the first unreadable file stops the run.
    ``tools/data/drop_unreadable.py`` removes such files from a list.

    Each process that loads runs the transforms in a process of their own. If a decoder crashes, or
    does not answer within ``timeout``, the file counts as unreadable.

    Args:
        ann_file (str): Path or URL of a manifest (``.json``, OpenMMLab 2.0: ``metainfo`` and
            ``data_list`` with ``filename``, optionally ``label``, ``duration``, ``has_audio``,
            ``silent``), or of text with a path and an integer label in each line, split at the last
            blank. A missing label is -1.
        pipeline (list): Transforms, from :class:`AVInit` to mmaction2's PackActionInputs.
        data_prefix (dict): Folder that the paths are relative to, as ``video``.
            Defaults to ``dict(video='')``, which is ``data_root``.
        subset (str, optional): Value of ``subset`` in each row, e.g. 'gallery' or 'query', for
            metrics that compare sets. Defaults to None.
        require_audio (bool): Whether to drop rows that are without sound or silent according to
            the manifest. Defaults to False.
        max_per_class (int, optional): Number of rows to keep per label, the first ones. Defaults
            to None: all.
        max_bad_fraction (float): Share of unreadable files, among those that were tried, above
            which training stops: when 100 files or all were tried, and at the end of each epoch.
            Defaults to 0.05.
        seed (int): Seed to use if no hook sets one. Defaults to 0.
        allow_outside (bool): Whether paths may lead out of the folder that they are relative to,
            by ``..`` or as absolute paths. If not, an untrusted list cannot make other files be
            read. A folder '' contains everything. Defaults to False.
        timeout (float, optional): Time limit of a sample in seconds. With None, and on systems that
            cannot fork, the transforms run in the process that loads, where a decoder that never
            returns stops training without a message. Defaults to 60.
        max_memory_gb (float, optional): Memory in GB that the transforms may take in their process,
            beyond what it starts with. A file that needs more, such as a picture of 8K, counts as
            unreadable. Needs Linux and ``timeout``. Defaults to None: no limit.
        cache_dir (str, optional): Folder of a :class:`.SampleCache`, which keeps every sample for
            further runs with the same seed, list and transforms. Defaults to None.
        **kwargs: Arguments of mmaction2's BaseActionDataset, such as ``data_root``, ``test_mode``
            and ``indices``.

    Raises:
        FileNotFoundError: If the list or the folder of the videos does not exist.
        ManifestError: If the list is invalid; its text names the line.
    """

    def __init__(
        self,
        ann_file: str,
        pipeline: Sequence[dict | Callable],
        data_prefix: dict = dict(video=''),  # noqa: B006
        subset: str | None = None,
        require_audio: bool = False,
        max_per_class: int | None = None,
        max_bad_fraction: float = 0.05,
        seed: int = 0,
        allow_outside: bool = False,
        timeout: float | None = 60.0,
        max_memory_gb: float | None = None,
        cache_dir: str | None = None,
        **kwargs,
    ) -> None:
        self.subset = subset
        self.require_audio = require_audio
        self.max_per_class = max_per_class
        self.max_bad_fraction = max_bad_fraction
        self.allow_outside = allow_outside
        self.timeout = timeout
        self._guard = guard(timeout, max_memory_gb)
        self.counter = SampleCounter()
        self._seed_and_epoch = SharedTensor(torch.tensor([seed, 0]))
        super().__init__(ann_file, pipeline=pipeline, data_prefix=data_prefix, **kwargs)
        self._cache = cache_dir and SampleCache(cache_dir, pipeline)

    def set_epoch(self, epoch: int, seed: int) -> None:
        """Set the epoch and the seed, also for running workers."""
        self._seed_and_epoch.tensor.copy_(torch.tensor([seed, epoch]))
        if self._fully_initialized:
            self._draws.begin_epoch()

    def full_init(self) -> None:
        """Load the rows and describe them in the log."""
        if self._fully_initialized:
            return
        with uncollected():  # garbage collection would take a fifth of the time
            super().full_init()
        self._draws = EpochDraws(len(self))
        command = readable_command(self.data_prefix['video'], self.ann_file)
        self.unreadable = UnreadableFiles(len(self), self.max_bad_fraction, command)

    def _join_prefix(self) -> None:
        """Join paths as mmengine does, also with URLs that only fsspec knows."""
        self.ann_file = join(self.data_root, self.ann_file)
        prefixes = self.data_prefix.items()
        self.data_prefix = {key: join(self.data_root, folder) for key, folder in prefixes}

    def load_data_list(self) -> list[dict]:
        """Read the manifest or the list of paths."""
        check_paths(self.ann_file, self.data_prefix['video'])
        folder = None if self.allow_outside else self.data_prefix['video'] or None
        rows, metainfo = read_list(self.ann_file, folder)
        metainfo.pop('made_by', None)  # of the list: data sets of two lists can be concatenated
        self._metainfo = {**metainfo, **self._metainfo}
        return [self.parse_data_info(row) for row in rows]

    def parse_data_info(self, raw_data_info: dict) -> dict:
        """Join the path with its folder and complete a row."""
        row = raw_data_info  # changed in place: a million rows need no copies
        row.setdefault('label', -1)
        row['filename'] = join(self.data_prefix['video'], row['filename'])
        if self.subset is not None:
            row['subset'] = self.subset
        return row

    def filter_data(self) -> list[dict]:
        """Drop rows as the options say; describe the rest in the log."""
        rows = [row for row in self.data_list if may_sound(row) or not self.require_audio]
        if not rows:
            raise ManifestError(f'no videos of {self.ann_file} are left of {len(self.data_list)}')
        dropped = len(self.data_list) - len(rows)
        note = f' ({dropped} without sound left out)' if dropped else ''
        rows = first_of_each_class(rows, self.max_per_class)
        labels = [row['label'] for row in rows]
        self.label_range = min(labels), max(labels)
        self._log(f'{self.ann_file}: {describe(rows)}{note}')
        needed = max((getattr(t, 'min_duration', 0) for t in self.pipeline.transforms), default=0)
        if warning := short_warning(rows, needed):
            self._log(warning, logging.WARNING)
        return rows

    def _serialize_data(self) -> tuple[np.ndarray, np.ndarray]:
        rows, self.data_list = self.data_list, []
        return pack_rows(rows)

    def __getitem__(self, idx: int) -> dict:
        """Return sample ``idx``, or in training another one if its file is unreadable.

        Raises:
            RuntimeError: If too many files are unreadable; in ``test_mode``, if this file is.
        """
        idx = range(len(self))[idx]
        seed, epoch = self._seed_and_epoch.tensor.tolist()
        if not self.test_mode:
            self._draws.add(idx, epoch)
        for attempt in range(MAX_CONSECUTIVE_FAILURES):
            chosen, loaded = self._draw((seed, epoch, idx, attempt))
            if loaded.error is None:
                self.unreadable.add_good(chosen)
                self.counter.add(served=1, **loaded.counts)
                return loaded.sample
            self._count_failure(chosen, loaded.error)
        raise RuntimeError(
            f'{MAX_CONSECUTIVE_FAILURES} files in a row could not be read, the last one '
            f'{loaded.error}; {self.unreadable.advice}'
        )

    def sample_bytes(self) -> int:
        """Bytes of the tensors of the first sample, which is not counted; 0 if it is unreadable."""
        _, loaded = self._draw((*self._seed_and_epoch.tensor.tolist(), 0, 0))
        if self._guard is not None:
            self._guard.close()  # workers have their own processes
        return sum(t.numel() * t.element_size() for t in tensors_of(loaded.sample))

    @property
    def num_served(self) -> int:
        """Number of samples served so far by all workers."""
        return self.counter['served']

    @property
    def num_skipped(self) -> int:
        """Number of draws that failed and were replaced."""
        return self.counter['skipped']

    @property
    def num_without_sound(self) -> int:
        """Number of samples served in which no window has sound."""
        return self.counter['without_sound']

    @property
    def num_too_short(self) -> int:
        """Number of samples served without speed labels because the video is too short."""
        return self.counter['too_short']

    def _draw(self, key: tuple[int, int, int, int]) -> tuple[int, Loaded]:
        chosen = chosen_row(key, len(self))
        draw = Draw(key, self.get_data_info(chosen))
        path = self._cache and self._cache.path(draw)
        loaded = path and self._cache.read(path)
        if loaded is None:
            run = load if self._guard is None else self._guard.load
            loaded = run(self.pipeline, draw)
            if path and loaded.error is None:
                self._cache.write(path, loaded)
        return chosen, loaded

    def _count_failure(self, row: int, error: MediaError) -> None:
        if self.test_mode:
            self.unreadable.refuse(error)
        self.counter.add(skipped=1)
        self.unreadable.add_bad(row, error)

    @staticmethod
    def _log(message: str, level: int = logging.INFO) -> None:
        print_log(message, logger='current', level=level)
