"""Registers everything when mmengine or mmaction2 are first imported.

Their import, with torch, takes seconds, which a program that only prints its help does not need.
"""

from __future__ import annotations

import gc
import sys
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

PACKAGE = __name__.partition('.')[0]
UPSTREAM = {'mmaction', 'mmcv', 'mmengine'}
PATCHED_FIRST = {f'{PACKAGE}.{room}' for room in ('checkpoints', 'compat')}
REGISTERING = ('datasets', 'engine', 'evaluation', 'models')
OF_FINGERPRINT = ('baselines', 'fingerprint_metric')


def register_in_time() -> None:
    """Register now if upstream is imported, else at the first import of it or of our parts."""
    if UPSTREAM & sys.modules.keys():
        _register()
    else:
        sys.meta_path.insert(0, _FirstImport())


def _register() -> None:
    collecting = gc.isenabled()
    gc.disable()  # a sixth of the time of these imports, and nothing to collect
    try:
        import_module(f'{PACKAGE}.compat')  # first: mmaction2 does not import without it
        for room in REGISTERING:
            import_module(f'{PACKAGE}.{room}')
        for name in OF_FINGERPRINT:
            import_module(f'{PACKAGE}.fingerprint.benchmark.{name}')
    finally:
        if collecting:
            gc.enable()


class _FirstImport(MetaPathFinder, Loader):
    """Finds the first module that needs the patches; registers, then imports it."""

    names = {*UPSTREAM, *PATCHED_FIRST, *(f'{PACKAGE}.{room}' for room in REGISTERING)}

    def find_spec(self, name: str, path=None, target=None) -> ModuleSpec | None:
        if name not in self.names:
            return None
        others = (finder for finder in sys.meta_path if finder is not self)
        specs = (finder.find_spec(name, path, target) for finder in others)
        spec = next(filter(None, specs), None)
        if spec is not None:
            spec.loader = self
        return spec

    def create_module(self, spec: ModuleSpec) -> None:
        sys.meta_path.remove(self)
        _register()
        self.module = import_module(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        sys.modules[module.__name__] = self.module
