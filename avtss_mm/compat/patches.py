"""Patches for the released mmaction2 1.2 and mmengine 0.10 on today's Python and torch.

Imported before everything else in this package. Each function tests for the fault itself, not for a
version, and does nothing if upstream works. No safety measure of torch or Python is switched off.
"""

from __future__ import annotations

import ast
import functools
import importlib.util
import os
import sys
import warnings
from types import ModuleType

from . import removed


def patch_mmaction_models() -> None:
    """Import ``mmaction.models``, which lacks a folder and whose optional part may be broken.

    - The 1.2.0 wheel has no ``localizers/drn``: an inert ``DRN`` stands in for it.
    - A ``transformers`` that is newer than mmaction2 breaks the import of the multimodal models,
      which are then switched off as if ``transformers`` were not installed.

    Other errors are raised.
    """
    from mmaction.utils import dependency

    try:
        with warnings.catch_warnings():  # about an op of the full mmcv that is not needed here
            warnings.filterwarnings('ignore', message='Fail to import ``MultiScaleDeformableAtt')
            importlib.import_module('mmaction.models')
    except Exception as error:  # raised again unless it is one of these two
        if getattr(error, 'name', None) == 'mmaction.models.localizers.drn':
            _supply_drn()
        elif dependency.WITH_MULTIMODAL:
            _switch_off_multimodal()
        else:
            raise
        patch_mmaction_models()


def _supply_drn() -> None:
    package, module = (
        ModuleType(f'mmaction.models.localizers.{name}') for name in ('drn', 'drn.drn')
    )
    package.__path__ = []
    package.drn = module
    module.DRN = type('DRN', (), {'__doc__': 'Not part of the mmaction2 1.2.0 wheel.'})
    sys.modules.update({package.__name__: package, module.__name__: module})


def _switch_off_multimodal() -> None:
    from mmaction.registry import MODELS
    from mmaction.utils import dependency

    dependency.WITH_MULTIMODAL = False
    for name, module in list(MODELS.module_dict.items()):
        if module.__module__.startswith('mmaction.models.multimodal'):
            del MODELS.module_dict[name]  # registered before the import failed


def patch_slow_import() -> None:
    """Import mmaction2's transforms without ``scipy.stats``, which takes half a second.

    Only :class:`DecompressPose` needs it, and now imports it at its first call.
    """
    name = 'scipy.stats'
    if name not in sys.modules:
        late = sys.modules[name] = _LateModule(name)
        try:
            importlib.import_module('mmaction.datasets.transforms')
        finally:
            late.give_way()


class _LateModule(ModuleType):
    """Stands in for ``scipy.stats`` until more of it is needed than the name ``mode``."""

    __path__ = ()

    def give_way(self) -> None:
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]

    def imported(self) -> ModuleType:
        self.give_way()
        return importlib.import_module(self.__name__)

    def mode(self, *args, **options):
        return self.imported().mode(*args, **options)

    def __getattr__(self, attribute: str):
        if attribute.startswith('__'):  # which `inspect` asks of all modules
            raise AttributeError(attribute)
        return getattr(self.imported(), attribute)


def patch_external_configs() -> None:
    """Let ``_base_ = 'avtss_mm::...'`` find our configs, also in an editable install.

    mmengine only knows the packages of OpenMMLab, and expects an editable install in
    ``site-packages/<name>``, which does not exist.
    """
    from mmengine.config import config, utils
    from mmengine.hub import hub

    package = __name__.partition('.')[0]
    utils.MODULE2PACKAGE.setdefault(package, package)
    stock = config.get_installed_path

    def get_installed_path(name: str) -> str:
        return os.path.dirname(os.path.dirname(__file__)) if name == package else stock(name)

    config.get_installed_path = hub.get_installed_path = get_installed_path

    # mmengine uses pkg_resources, whose deprecation setuptools announces at every import
    warnings.filterwarnings('ignore', message='pkg_resources is deprecated', category=UserWarning)


def patch_checkpoints() -> None:
    """Write checkpoints that ``torch.load(weights_only=True)`` reads, and read them so.

    It does not change values that are already plain. See :mod:`avtss_mm.checkpoints.plain`.
    """
    from mmengine.logging import MessageHub
    from mmengine.runner import CheckpointLoader, checkpoint, runner

    from ..checkpoints import plain as ours

    save = ours.saves_plainly(checkpoint.save_checkpoint)
    for module in (checkpoint, runner, sys.modules['mmengine.runner']):
        module.save_checkpoint = save
    MessageHub.load_state_dict = ours.loads_plainly(MessageHub.load_state_dict)
    CheckpointLoader.register_scheme(prefixes='', loader=ours.load_from_local, force=True)
    if importlib.util.find_spec('petrel_client') is None:  # mmengine's way to s3://
        others = [r'(\S+\:)?s3://', r'\S+://']
        CheckpointLoader.register_scheme(prefixes=others, loader=ours.load_from_storage, force=True)
    checkpoint.load_url = ours.load_from_url  # of http(s)://, torchvision:// and the model zoos


def patch_silent_loads() -> None:
    """Report what every load of weights fills, and stop if an encoder gets nothing.

    mmengine would continue with random weights. See :mod:`avtss_mm.checkpoints.load_report`.
    """
    from mmengine.runner import checkpoint

    from ..checkpoints import load_report

    load = load_report.reports_loading(checkpoint.load_state_dict)
    checkpoint.load_state_dict = sys.modules['mmengine.runner'].load_state_dict = load
    part = load_report.finds_prefix(checkpoint._load_checkpoint_with_prefix)
    checkpoint._load_checkpoint_with_prefix = part


def patch_preprocessors() -> None:
    """Let mmaction2's preprocessors take a batch that is stacked already, as mmengine's do."""
    import torch
    from mmaction.models.data_preprocessors import data_preprocessor

    stack = data_preprocessor.stack_batch

    def stack_batch(inputs: torch.Tensor | list[torch.Tensor]) -> torch.Tensor:
        return inputs if isinstance(inputs, torch.Tensor) else stack(inputs)

    data_preprocessor.stack_batch = stack_batch


def patch_compile() -> None:
    """Make ``compile=True`` work: exclude what torch cannot trace.

    That is the batch as a list of samples, and the optimizer's step. Networks and losses, which
    benefit from compilation, are still compiled. ``_disable_dynamo`` is ``torch.compiler.disable``
    that imports the compiler, a second's work, at the first call.
    """
    import torch
    from mmaction.models import MultiModalDataPreprocessor
    from mmengine.optim import OptimWrapper

    OptimWrapper.update_params = torch._disable_dynamo(OptimWrapper.update_params)
    MultiModalDataPreprocessor.forward = torch._disable_dynamo(MultiModalDataPreprocessor.forward)


def patch_config_text() -> None:
    """Format each statement of the texts of configs once: yapf takes half a second for 200 lines.

    mmengine asks for the same text four times per run, and most statements of several configs are
    equal. yapf formats a statement the same wherever it stands.
    """
    from mmengine.config import config

    plain, formatted = getattr(config, 'FormatCode', None), {}
    if plain is None:
        return

    @functools.wraps(plain)
    def format_once(text: str, **options):
        lines, keys = text.split('\n'), []
        try:
            nodes = ast.parse(text).body
        except SystemError:  # Python before 3.11.8, if another thread parses (gh-106905)
            nodes = ast.parse(text).body
        for node in nodes:
            key = '\n'.join(lines[node.lineno - 1 : node.end_lineno]), repr(options)
            if key not in formatted:
                formatted[key] = plain(key[0], **options)[0]
            keys.append(key)
        return ''.join(formatted[key] for key in keys), True

    config.FormatCode = format_once


def patch_cpu_launcher() -> None:
    """Let all launchers train with gloo on the CPU if there is no accelerator.

    mmengine would set a CUDA device, request nccl, pass ``device_ids`` to DDP and convert to
    SyncBN, none of which torch has on the CPU.
    """
    from mmengine.device import get_device
    from mmengine.dist import utils
    from mmengine.runner import Runner

    from . import cpu_launcher

    if get_device() == 'cpu':
        for launcher in ('pytorch', 'mpi', 'slurm'):
            setattr(utils, f'_init_dist_{launcher}', cpu_launcher.init_dist)
        Runner.wrap_model = cpu_launcher.wraps_on_cpu(Runner.wrap_model)


removed.supply_names()
removed.patch_package_lookup()
patch_silent_loads()  # before the models: some backbones of mmaction2 import what it replaces
patch_slow_import()
patch_mmaction_models()
removed.patch_color_jitter()
patch_external_configs()
patch_checkpoints()
patch_cpu_launcher()
patch_preprocessors()
patch_compile()
patch_config_text()
