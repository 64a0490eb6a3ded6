"""Imports what the public commands import, once for all commands of a test run."""

import sklearn.linear_model  # noqa: F401
from torch.utils import tensorboard  # noqa: F401

import avtss_mm.apis
import avtss_mm.visualization  # noqa: F401
