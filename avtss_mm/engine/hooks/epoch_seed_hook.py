"""Seeds samples and model once per epoch."""

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
    """Make the samples and the model's draws of an epoch a function of (seed, epoch).

    Before each training epoch it passes the epoch and the runner's seed to every data set that has
    ``set_epoch``, and the seed to the sampler. A resumed run takes the seed from its checkpoint
    (upstream leaves the sampler with the config's). Before the first step of the epoch it seeds
    the global generators with both, equally on all ranks. A run that resumes at the end of an
    epoch then continues like the uninterrupted one, whatever was drawn in between, e.g. by a
    validation. Without this hook :class:`AudioVisualDataset` draws the same windows in every
    epoch: it belongs in ``default_hooks``, which a user's other hooks do not replace.

    It needs an epoch-based loop: an iteration-based loop counts as a single epoch.
    """

    # Runs before other hooks draw, and before the loop creates the iterator of the loader.
    priority = 'VERY_HIGH'

    def before_train(self, runner) -> None:
        """Check that all ranks have the same number of batches.

        Raises:
            TrainingStoppedError: If the sampler gives the ranks unequal shares.
        """
        shares = all_gather_object(getattr(runner.train_dataloader.sampler, 'num_samples', None))
        if len(set(shares)) > 1:
            raise TrainingStoppedError(
                f'the processes have unequal numbers of samples ({shares}) and would wait for one '
                'another: set train_dataloader.sampler.round_up=True.'
            )

    def before_train_epoch(self, runner) -> None:
        """Set the epoch and the seed of the data sets."""
        if hasattr(runner.train_dataloader.sampler, 'seed'):
            runner.train_dataloader.sampler.seed = runner.seed
        for dataset in inner_datasets(runner.train_dataloader.dataset):
            if hasattr(dataset, 'set_epoch'):
                dataset.set_epoch(runner.epoch, runner.seed)

    def before_train_iter(self, runner, batch_idx: int, data_batch=None) -> None:
        """Seed the generators of this process before the first step of an epoch.

        Not earlier: a loader that starts new workers draws from them, other loaders do not.
        """
        if batch_idx == 0:
            seed_generators(runner.seed, runner.epoch)
            torch.manual_seed(torch.initial_seed())  # the devices follow the CPU
