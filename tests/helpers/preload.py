"""What the public commands import, imported once for all that a test run starts."""

import sklearn.linear_model  # noqa: F401
from torch.utils import tensorboard  # noqa: F401

import avtss_mm.apis
import avtss_mm.visualization  # noqa: F401
