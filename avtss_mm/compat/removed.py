"""Supplies what Python, setuptools and NumPy have removed, for mmengine 0.10 and mmaction2 1.2."""

from __future__ import annotations

import os
import pkgutil
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec

import cv2
import numpy as np


def supply_names() -> None:
    """Supply the names that Python 3.14 (``find_loader``) and NumPy 2 (the others) removed."""
    if not hasattr(pkgutil, 'find_loader'):
        pkgutil.find_loader = lambda name: getattr(find_spec(name), 'loader', None)
    if not hasattr(np, 'Inf'):
        np.Inf = np.inf
    if not hasattr(np, 'in1d'):
        np.in1d = lambda ar1, ar2, **options: np.isin(np.ravel(ar1), ar2, **options)
    if not hasattr(np, 'trapz'):
        np.trapz = np.trapezoid


def patch_package_lookup() -> None:
    """Let mmengine find packages without ``pkg_resources``, which setuptools 81 removed."""
    if find_spec('pkg_resources') is not None:
        return
    from mmengine import utils
    from mmengine.config import config
    from mmengine.hub import hub
    from mmengine.utils import package_utils

    for module in (package_utils, utils, config, hub):
        for function in (is_installed, get_installed_path):
            if hasattr(module, function.__name__):
                setattr(module, function.__name__, function)


def is_installed(package: str) -> bool:
    """Whether a package is installed, by the name of its distribution or module."""
    try:
        distribution(package)
    except PackageNotFoundError:
        return getattr(find_spec(package), 'origin', None) is not None
    return True


def get_installed_path(package: str) -> str:
    """Folder of a package, by the name of its module or distribution.

    Raises:
        PackageNotFoundError: If it is not installed.
        RuntimeError: If it is a namespace package, which has no folder.
        ValueError: If its distribution does not name its module.
    """
    spec = find_spec(package)
    if spec is None:  # such as mmaction2, whose module is mmaction
        module = (distribution(package).read_text('top_level.txt') or '').split('\n')[0]
        spec = find_spec(module) if module else None
        if spec is None:
            raise ValueError(f'can not infer the module name of {package}')
    if spec.origin is None:
        raise RuntimeError(f'{package} is a namespace package: it has no installed path')
    return os.path.dirname(spec.origin)


def patch_color_jitter() -> None:
    """Replace ``ColorJitter``'s hue offset in uint8, which NumPy 2 refuses and NumPy 1 wraps."""
    from mmaction.datasets.transforms import ColorJitter

    red = np.full((1, 1, 3), (255, 0, 10), np.float32)  # of the highest hue, 179
    try:
        shown = [ColorJitter.adjust_hue(red, factor) for factor in (-0.1, 0.5)]
    except OverflowError:
        shown = []
    if not np.array_equal(shown, [adjust_hue(red, -0.1), adjust_hue(red, 0.5)]):
        ColorJitter.adjust_hue = staticmethod(adjust_hue)


def adjust_hue(img: np.ndarray, factor: float) -> np.ndarray:
    """Rotate the hues of an image (H, W, 3) by a fraction of 255, in float32.

    OpenCV stores hues from 0 to 179 in uint8: an offset needs a wider type.
    """
    hsv = cv2.cvtColor(np.clip(img, 0, 255).astype(np.uint8), cv2.COLOR_RGB2HSV)
    hsv[..., 0] = (hsv[..., 0].astype(np.int16) + int(factor * 255)) % 180
    return cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB).astype(np.float32)
