"""Counts the unreadable files of the training list."""

from __future__ import annotations

from mmaction.registry import HOOKS
from mmengine.dist import all_reduce
from mmengine.hooks import Hook
from mmengine.runner import Runner

from ..faults import TrainingStoppedError
from ..inner_datasets import inner_datasets


@HOOKS.register_module()
class UnreadableFilesHook(Hook):
    """Stop after an epoch with too many unreadable files, and log their number at the end of a run.

    It uses all data sets that have ``unreadable`` (:class:`AudioVisualDataset`), on all ranks.
    """

    priority = 'VERY_LOW'  # the epoch is saved before a run is stopped

    def after_train_epoch(self, runner: Runner) -> None:
        """Judge the files that were tried so far.

        Raises:
            TrainingStoppedError: If too many files are unreadable.
        """
        for files, tried, bad in self._counts(runner):
            if complaint := files.complaint(tried, bad):
                raise TrainingStoppedError(complaint)

    def after_train(self, runner: Runner) -> None:
        """Log the number of unreadable files."""
        counts = [(tried, bad) for _, tried, bad in self._counts(runner)]
        if counts:
            tried, bad = (sum(numbers) for numbers in zip(*counts))
            named = ': the log names them' if bad else ''
            runner.logger.info(f'{bad} of {tried} files could not be read{named}.')

    @staticmethod
    def _counts(runner: Runner) -> list[tuple]:
        """Files of each data set, number of tried files, and number of unreadable ones."""
        counts = []
        for dataset in inner_datasets(runner.train_dataloader.dataset):
            if files := getattr(dataset, 'unreadable', None):
                flags = files.flags.int()
                all_reduce(flags, 'max')
                counts.append((files, *flags.sum(dim=1).tolist()))
        return counts
