"""How many files of the training list could not be read."""

from __future__ import annotations

from mmaction.registry import HOOKS
from mmengine.dist import all_reduce
from mmengine.hooks import Hook
from mmengine.runner import Runner

from ..faults import TrainingStoppedError
from ..inner_datasets import inner_datasets


@HOOKS.register_module()
class UnreadableFilesHook(Hook):
    """Judge the unreadable files after each epoch, and count them in the last line of a run.

    It asks the data sets that have ``unreadable`` (:class:`AudioVisualDataset`), over all
    processes.
    """

    priority = 'VERY_LOW'  # the epoch is saved before a run is stopped

    def after_train_epoch(self, runner: Runner) -> None:
        """Judge what was tried so far.

        Raises:
            TrainingStoppedError: If too many files cannot be read.
        """
        for files, tried, bad in self._counts(runner):
            if complaint := files.complaint(tried, bad):
                raise TrainingStoppedError(complaint)

    def after_train(self, runner: Runner) -> None:
        """Log how many there were."""
        counts = [(tried, bad) for _, tried, bad in self._counts(runner)]
        if counts:
            tried, bad = (sum(numbers) for numbers in zip(*counts))
            named = ': the log names them' if bad else ''
            runner.logger.info(f'{bad} of {tried} files could not be read{named}.')

    @staticmethod
    def _counts(runner: Runner) -> list[tuple]:
        """What each data set knows of its files, how many were tried, how many of these are bad."""
        counts = []
        for dataset in inner_datasets(runner.train_dataloader.dataset):
            if files := getattr(dataset, 'unreadable', None):
                flags = files.flags.int()
                all_reduce(flags, 'max')
                counts.append((files, *flags.sum(dim=1).tolist()))
        return counts
