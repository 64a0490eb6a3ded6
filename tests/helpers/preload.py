"""Imports what the public commands import, once for all commands of a test run."""

import importlib

for name in (
    'avtss_mm.apis',
    'avtss_mm.engine.runner',
    'avtss_mm.study.measures',
    'avtss_mm.visualization',
    'matplotlib.backends.backend_agg',
    'mmaction.engine',
    'mmaction.visualization',
    'sklearn.linear_model',
    'torch.distributed.run',
    'torch.utils.tensorboard',
):
    importlib.import_module(name)
