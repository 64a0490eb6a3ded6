"""Linear classifiers for many features and classes, on the CPU."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy
import torch
from torch.nn import functional as F

CHUNK = 8192
"""Number of samples whose scores are in memory at once."""


@dataclass(frozen=True)
class LinearClassifier:
    """Predicts the class with the largest score ``x @ weight + bias``.

    Attributes:
        classes: Sorted labels, shape ``(K,)``.
        weight: Weights of shape ``(D, K)``.
        bias: Biases of shape ``(K,)``.
    """

    classes: np.ndarray
    weight: torch.Tensor
    bias: torch.Tensor

    def predict(self, features: np.ndarray) -> np.ndarray:
        """Predict the labels of features of shape ``(N, D)``."""
        parts = torch.as_tensor(features, dtype=torch.float32).split(CHUNK)
        best = [torch.addmm(self.bias, part, self.weight).argmax(dim=1) for part in parts]
        return self.classes[torch.cat(best).numpy()]


def softmax_loss(scores: torch.Tensor, labels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Cross-entropy summed over samples, and its gradient, which overwrites ``scores`` (N, K)."""
    own = labels[:, None]
    normaliser = scores.logsumexp(dim=1, keepdim=True)
    loss = (normaliser - scores.gather(1, own)).sum(dtype=torch.float64)
    gradient = scores.sub_(normaliser).exp_()
    return loss, gradient.scatter_add_(1, own, torch.full_like(normaliser, -1.0))


def hinge_loss(scores: torch.Tensor, labels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Squared hinge loss (one-vs-rest) summed over samples, and its gradient."""
    sign = F.one_hot(labels, scores.shape[1]).to(scores.dtype).mul_(2).sub_(1)
    margin = (1 - scores.mul_(sign)).clamp_min_(0)
    loss = margin.square().sum(dtype=torch.float64)
    return loss, margin.mul_(sign).mul_(-2)


LOSSES = dict(logistic=(softmax_loss, 0.0), svm=(hinge_loss, 1.0))
"""Loss, and the weight of the bias in the penalty."""


class LinearProblem:
    """Minimises ``|weight|^2 / 2 + C * loss`` for one set of samples and several values of ``C``.

    The objectives are those of scikit-learn's ``LogisticRegression`` (multinomial) and
    ``LinearSVC`` (one-vs-rest, with a penalised bias). L-BFGS runs in coordinates in which the
    features are uncorrelated, and needs few steps however correlated they are.

    Args:
        features (ndarray): Centred features of shape ``(N, D)``.
        labels (ndarray): Labels of shape ``(N,)``.
        loss (str): Loss, ``'logistic'`` or ``'svm'``. Defaults to 'logistic'.
    """

    def __init__(self, features: np.ndarray, labels: np.ndarray, loss: str = 'logistic') -> None:
        self.classes, labels = np.unique(labels, return_inverse=True)
        self.labels = torch.from_numpy(labels).split(CHUNK)
        self.loss, self.bias_penalty = LOSSES[loss]
        features = torch.as_tensor(features, dtype=torch.float32)
        self.size, self.dims = features.shape
        covariance = (features.T @ features / self.size).double()
        values, vectors = torch.linalg.eigh(covariance)
        self.variances = values.clamp_min(0)
        self.vectors = vectors.float()
        self.features = (features @ self.vectors).split(CHUNK)
        self._solution = np.zeros((self.dims + 1, len(self.classes)))  # along the eigenvectors

    def fit(self, C: float, tolerance: float = 1e-6, max_iter: int = 1000) -> LinearClassifier:
        """Minimise, starting from the solution of the previous value of ``C``.

        Args:
            C (float): Inverse strength of the regularisation.
            tolerance (float): Relative decrease of the objective below which a step is the last.
                Defaults to 1e-6.
            max_iter (int): Maximum number of steps. Defaults to 1000.
        """
        penalty = 1 / (C * self.size)
        # The curvature along each eigenvector is about variance / 4 + penalty.
        scale = np.ones((self.dims + 1, 1))
        scale[:-1, 0] = (self.variances + 4 * penalty).rsqrt()
        found = scipy.optimize.minimize(
            self._objective,
            (self._solution / scale).ravel(),
            args=(scale, penalty),
            jac=True,
            method='L-BFGS-B',
            options=dict(ftol=tolerance, gtol=1e-8, maxiter=max_iter, maxfun=2 * max_iter),
        )
        self._solution = found.x.reshape(self._solution.shape) * scale
        weight = torch.from_numpy(self._solution).float()
        return LinearClassifier(self.classes, self.vectors @ weight[:-1], weight[-1])

    def _objective(self, x: np.ndarray, scale: np.ndarray, penalty: float):
        weight = x.reshape(self._solution.shape) * scale
        gradient = penalty * weight
        gradient[-1] *= self.bias_penalty
        loss = (weight * gradient).sum() / 2
        weight = torch.from_numpy(weight).float()
        total = torch.zeros_like(weight)
        for features, labels in zip(self.features, self.labels):
            scores = torch.addmm(weight[-1], features, weight[:-1])
            part, slope = self.loss(scores, labels)
            loss += part.item() / self.size
            total[:-1].addmm_(features.T, slope)
            total[-1] += slope.sum(dim=0)
        gradient += total.double().numpy() / self.size
        return loss, (gradient * scale).ravel()
