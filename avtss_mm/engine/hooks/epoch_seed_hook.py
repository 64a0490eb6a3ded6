"""One seed an epoch for the samples and for the model's draws."""

from __future__ import annotations

import torch
from mmaction.registry import HOOKS
from mmengine.dist import all_gather_object
from mmengine.hooks import Hook

from ...utils.seeding import seed_generators
from ..faults import TrainingStoppedError
from ..inner_datasets import inner_datasets


@HOOKS.register_module()
class EpochSeedHook(Hook):
    """Make an epoch a function of (seed, epoch): its samples, and what the model draws.

    Before each training epoch it tells every data set that has ``set_epoch`` the epoch and the
    runner's seed, and the sampler the seed, which a resumed run has from its checkpoint (upstream
    leaves the sampler with the config's). Before the epoch's first step it seeds the global
    generators from the two, equally on all ranks. A run that is resumed at the end of an epoch
    then goes on as the unbroken one would have, whatever was drawn in between, e.g. by a
    validation. Without this hook :class:`AudioVisualDataset` draws the same windows in every epoch:
    it belongs into ``default_hooks``, which other hooks of a user do not replace.

    It needs an epoch-based loop: an iteration-based one counts as a single epoch.
    """

    # Before other hooks draw, and before the loop asks the loader for its iterator.
    priority = 'VERY_HIGH'

    def before_train(self, runner) -> None:
        """Check that no process will wait for another one's batch.

        Raises:
            TrainingStoppedError: If the sampler gives the processes unequal shares.
        """
        shares = all_gather_object(getattr(runner.train_dataloader.sampler, 'num_samples', None))
        if len(set(shares)) > 1:
            raise TrainingStoppedError(
                f'the processes have unequal numbers of samples ({shares}) and would wait for one '
                'another: set train_dataloader.sampler.round_up=True.'
            )

    def before_train_epoch(self, runner) -> None:
        """Set the epoch of the data sets, and the seed."""
        if hasattr(runner.train_dataloader.sampler, 'seed'):
            runner.train_dataloader.sampler.seed = runner.seed
        for dataset in inner_datasets(runner.train_dataloader.dataset):
            if hasattr(dataset, 'set_epoch'):
                dataset.set_epoch(runner.epoch, runner.seed)

    def before_train_iter(self, runner, batch_idx: int, data_batch=None) -> None:
        """Before the first step of an epoch, seed the generators of this process.

        Not earlier: a loader whose workers start anew draws from them, one that goes on does not.
        """
        if batch_idx == 0:
            seed_generators(runner.seed, runner.epoch)
            torch.manual_seed(torch.initial_seed())  # the devices follow the CPU
