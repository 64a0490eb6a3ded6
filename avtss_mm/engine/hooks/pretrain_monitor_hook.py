"""Monitors pre-training: chance levels, k-NN from epoch 0, skipped files, curves."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from mmaction.registry import HOOKS
from mmengine.hooks import Hook
from mmengine.runner import Runner

from ..bare_model import bare_model

DIVERGING = 2
"""Multiple of the loss of the first step above which training diverges."""


@HOOKS.register_module()
class PretrainMonitorHook(Hook):
    """Log every accuracy with its chance level and the k-NN accuracy of random weights.

    The k-NN monitor itself is the validation loop (``KNNMetric`` on a small labelled list). This
    hook runs it once before the first step, so that later figures can be compared with those of
    random weights; a network that has found a shortcut can fall *below* them. After each epoch the
    hook logs the pretext accuracies with their chance levels and the numbers of skipped and silent
    samples, and warns if the loss has grown. After each validation and at the end it draws
    ``curves.png`` in the work dir.

    Args:
        baseline (bool): Whether to run the monitor before the first step. Defaults to True.
    """

    priority = 'LOW'

    def __init__(self, baseline: bool = True) -> None:
        self.baseline = baseline
        self._first_counts = (0, 0)

    def before_train(self, runner: Runner) -> None:
        """Evaluate random weights, unless the run resumes from a checkpoint."""
        if runner.epoch == 0 and runner.val_loop is not None and self.baseline:
            runner.logger.info('k-NN monitor on the initial weights, for comparison:')
            metrics = runner.val_loop.run()
            runner.message_hub.update_info('initial_knn', {k: float(v) for k, v in metrics.items()})

    def before_train_epoch(self, runner: Runner) -> None:
        """Record the counters of the data set."""
        self._first_counts = self._counts(runner)

    def after_train_epoch(self, runner: Runner) -> None:
        """Summarise the epoch in one line of the log."""
        served, skipped = np.subtract(self._counts(runner), self._first_counts)
        share = float(skipped / max(served + skipped, 1))
        hub = runner.message_hub
        hub.update_scalar('train/skipped_share', share)
        self._warn_if_diverging(runner)
        steps = len(runner.train_dataloader)
        means = {
            name.split('/')[1]: buffer.mean(min(steps, len(buffer.data[0])))
            for name, buffer in hub.log_scalars.items()
            if name.startswith('train/')
        }
        accuracies = [
            f'{name} {means[f"acc_{name}"]:.2f} ({level:.2f})'
            for name, level in self._chance(runner).items()
            if f'acc_{name}' in means
        ]
        top1 = [f'{k} {v:.2f}' for k, v in means.items() if k.startswith('top1_')]
        runner.logger.info(
            f'Epoch {runner.epoch + 1} in short (chance in brackets): '
            + ', '.join(accuracies + top1)
            + f'; with sound {means.get("audio_share", 0):.0%}, skipped {skipped} ({share:.1%})'
        )

    def after_val_epoch(self, runner: Runner, metrics: dict[str, float] | None = None) -> None:
        """Log the k-NN accuracies with those of the initial weights; draw the curves."""
        initial = runner.message_hub.runtime_info.get('initial_knn')
        if not metrics or not initial:
            return
        lines = [
            f'{name} {value:.3f} (initial weights {initial[name]:.3f})'
            for name, value in metrics.items()
            if name.endswith('_top1') and name in initial
        ]
        chance = metrics.get('knn/chance', float('nan'))
        runner.logger.info('k-NN monitor: ' + ', '.join(lines) + f', chance {chance:.3f}')
        self._draw(runner)

    def after_train(self, runner: Runner) -> None:
        """Draw the curves for the last time and log their path."""
        self._draw(runner)
        runner.logger.info(f'Curves: {Path(runner.work_dir) / "curves.png"}')

    @staticmethod
    def _warn_if_diverging(runner: Runner) -> None:
        losses = runner.message_hub.get_scalar('train/loss').data[0]
        last = losses[-len(runner.train_dataloader) :].mean()
        if last > DIVERGING * losses[0]:
            runner.logger.warning(
                f'the loss, {last:.4g} in this epoch, was {losses[0]:.4g} in the first step: '
                'training diverges. Start over with a lower optim_wrapper.optimizer.lr, '
                'in another --work-dir.'
            )

    @staticmethod
    def _counts(runner: Runner) -> tuple[int, int]:
        dataset = runner.train_dataloader.dataset
        return getattr(dataset, 'num_served', 0), getattr(dataset, 'num_skipped', 0)

    @staticmethod
    def _chance(runner: Runner) -> dict[str, float]:
        heads = getattr(bare_model(runner), 'pretext_heads', {})
        return {name: 1 / head.num_classes for name, head in heads.items()}

    def _draw(self, runner: Runner) -> None:
        if runner.rank != 0:
            return
        model = bare_model(runner)
        weights = dict(getattr(getattr(model, 'contrastive_head', None), 'loss_weight', {}))
        for name, head in getattr(model, 'pretext_heads', {}).items():
            weights[name] = head.loss_weight
        scalars = {}
        for key, buffer in runner.message_hub.log_scalars.items():
            values = buffer.data[0]
            name = key.split('/')[-1]
            if key.startswith('val/') and not name.endswith('_top1') or len(values) == 0:
                continue
            start = 0 if key.startswith('val/') else runner.epoch / len(values)
            values = np.asarray(values) / (weights.get(name.removeprefix('loss_')) or 1)
            scalars[name] = (np.linspace(start, runner.epoch, len(values)), values)
        chance = {f'acc_{name}': level for name, level in self._chance(runner).items()}
        chance['video_top1'] = runner.message_hub.runtime_info.get('initial_knn', {}).get(
            'knn/chance', 0
        )
        # Imported here because matplotlib takes half a second: not at the start of training.
        from ...visualization.curves import draw_curves

        draw_curves(scalars, chance, Path(runner.work_dir) / 'curves.png')
