"""Counts the unreadable files of a list, names each one once, and stops if there are too many."""

from __future__ import annotations

import logging

import torch
from mmengine.dist import is_main_process
from mmengine.logging import print_log

from ..errors import MediaError
from .shared_memory import SharedTensor

MIN_FILES_TO_JUDGE = 100
"""Number of files to try (at most the whole list) before training may stop within an epoch."""


class UnreadableFiles:
    """The unreadable files of a list, over all workers of a loader.

    Args:
        num_files (int): Length of the list.
        max_fraction (float): Share of unreadable files, among those tried, above which training
            stops.
        command (str): Command that makes a list without them.
    """

    def __init__(self, num_files: int, max_fraction: float, command: str) -> None:
        self.max_fraction = max_fraction
        self.command = command
        self._flags = SharedTensor(torch.zeros(2, num_files, dtype=torch.bool))  # tried, bad

    @property
    def flags(self) -> torch.Tensor:
        """Which files were tried, and which of them are unreadable, bool ``(2, num_files)``."""
        return self._flags.tensor

    def add_good(self, row: int) -> None:
        """Record a readable file."""
        self.flags[0, row] = True

    def add_bad(self, row: int, error: MediaError) -> None:
        """Record an unreadable file, and name it in the log at its first failure.

        Raises:
            RuntimeError: If too many files are unreadable.
        """
        if not self.flags[1, row]:
            self.flags[:, row] = True
            # mmengine shows only errors of the other ranks
            level = logging.WARNING if is_main_process() else logging.ERROR
            print_log(f'skipped {error}', logger='current', level=level)
        tried, bad = self.flags.sum(dim=1).tolist()
        complaint = self.complaint(tried, bad, f', the last one {error}')
        if complaint and tried >= min(MIN_FILES_TO_JUDGE, self.flags.shape[1]):
            raise RuntimeError(complaint) from error

    def refuse(self, error: MediaError) -> None:
        """Stop an evaluation, which needs all files.

        Raises:
            RuntimeError: Always.
        """
        raise RuntimeError(
            f'{error}\nIn evaluation no file is skipped. A list without such files is made by: '
            f'{self.command}'
        ) from error

    def complaint(self, tried: int, bad: int, which: str = '') -> str | None:
        """Message for these numbers of files; None if they are no reason to stop."""
        if bad <= self.max_fraction * tried:
            return None
        return f'{bad} of {tried} files could not be read{which}; {self.advice}'

    @property
    def advice(self) -> str:
        """Advice on how to continue."""
        return (
            'the log names each of them. A list without them is made by: '
            f'{self.command}. Or raise max_bad_fraction ({self.max_fraction}).'
        )
