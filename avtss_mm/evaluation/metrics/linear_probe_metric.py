"""Linear classification of frozen features."""

from __future__ import annotations

from collections.abc import Sequence

from mmaction.registry import METRICS
from mmengine.logging import print_log

from ..functional import majority_share
from ..linear_probe import linear_probe
from .feature_metric import FEATURES, FeatureMetric, stack_sides


@METRICS.register_module()
class LinearProbeMetric(FeatureMetric):
    """Accuracy of linear classifiers trained on the gallery and tested on the queries.

    The networks are frozen. Features are averaged over a file's clips and standardised with the
    mean and deviation of the gallery. ``C`` is chosen by cross-validation on the gallery; files of
    one source (``group``) stay together, and the test data decide nothing.

    Args:
        classifiers (Sequence[str]): Kinds of classifiers: ``'logistic'`` (multinomial logistic
            regression) and/or ``'svm'`` (one-vs-rest linear SVM). Defaults to both.
        C (Sequence[float], optional): Inverse regularisation strengths to choose from. Defaults to
            None: powers of ten, 1e-3 to 10 for ``'logistic'``, 1e-4 to 0.1 for ``'svm'``.
        num_folds (int): Number of folds of the cross-validation. Defaults to 3.
        **kwargs: Arguments of :class:`FeatureMetric`.
    """

    default_prefix = 'linear'

    def __init__(
        self,
        classifiers: Sequence[str] = ('logistic', 'svm'),
        C: Sequence[float] | None = None,
        num_folds: int = 3,
        **kwargs,
    ) -> None:
        super().__init__(**kwargs)
        self.classifiers = tuple(classifiers)
        self.options = dict(C=C, num_folds=num_folds)

    def compare(self, gallery: list[dict], queries: list[dict]) -> dict[str, float]:
        """Train and test.

        Returns:
            dict: ``<modality>_<classifier>_top1`` and ``<modality>_<classifier>_C`` of video, audio
            and joint features (as far as possible); ``chance``, the share of the most frequent
            class among the queries.
        """
        metrics = {}
        for modality, fields in FEATURES.items():
            sides = stack_sides(gallery, queries, fields)
            for classifier in self.classifiers if sides is not None else ():
                (train, train_labels, groups), (test, labels, _) = sides
                print_log(
                    f'linear probe: {classifier} on the {modality} features of {len(train)} '
                    f'samples, {train.shape[1]} dimensions',
                    logger='current',
                )
                accuracy, chosen = linear_probe(
                    train, train_labels, groups, test, labels, classifier, **self.options
                )
                metrics[f'{modality}_{classifier}_top1'] = accuracy
                metrics[f'{modality}_{classifier}_C'] = chosen
        metrics['chance'] = majority_share([r['label'] for r in queries])
        return metrics
