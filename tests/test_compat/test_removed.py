"""Names that newer versions have removed, here removed by the tests."""

import os
import sys

import numpy as np
import pytest
from helpers.fresh_python import run_python

from avtss_mm.compat import removed

pytestmark = pytest.mark.slow

TAKE_AWAY = """
import pkgutil, sys
import numpy as np
np.trapezoid = getattr(np, 'trapezoid', None) or np.trapz
for name in ('Inf', 'in1d', 'trapz'):
    vars(np).pop(name, None)
vars(pkgutil).pop('find_loader', None)
sys.modules['pkg_resources'] = None
import avtss_mm
"""


def test_import_supplies_what_is_gone(tmp_path):
    (tmp_path / 'mine.py').write_text("_base_ = 'mmaction::_base_/default_runtime.py'\n")
    run = run_python(
        f'{TAKE_AWAY}\n'
        'from mmaction.datasets.transforms import ColorJitter\n'
        'from mmengine.config import Config\n'
        'from mmengine.utils.dl_utils import mmcv_full_available\n'
        'from mmcv.utils.ext_loader import check_ops_exist\n'
        'from importlib.util import find_spec\n'
        'has_ops = find_spec("mmcv._ext") is not None\n'
        'assert mmcv_full_available() == check_ops_exist() == has_ops\n'
        'print(np.Inf, np.in1d([[1], [2]], [2]).tolist(), np.trapz([1, 3]))\n'
        f'print(Config.fromfile(r"{tmp_path}/mine.py").default_scope)\n'
        'red = np.full((1, 1, 3), (255, 0, 10), np.float32)\n'
        'print(*(ColorJitter.adjust_hue(red, by).argmax() for by in (-0.1, 0.1, 0.5)))'
    )
    lines = ['inf [False, True] 2.0', 'mmaction', '0 0 2']
    assert run.stdout.splitlines() == lines, run.stderr


@pytest.mark.parametrize('name', ['mmengine', 'mmaction', 'mmaction2', 'avtss_mm'])
def test_packages_are_found_by_either_name(name):
    module = sys.modules[{'mmaction2': 'mmaction'}.get(name, name)]
    assert removed.is_installed(name)
    assert removed.get_installed_path(name) == os.path.dirname(module.__file__)


def test_packages_that_are_not_there(tmp_path, monkeypatch):
    (tmp_path / 'folder_alone').mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    assert not removed.is_installed('folder_alone') and not removed.is_installed('absent_package')
    with pytest.raises(RuntimeError, match='namespace'):
        removed.get_installed_path('folder_alone')
    with pytest.raises(ModuleNotFoundError):
        removed.get_installed_path('absent_package')


@pytest.mark.parametrize('factor', [-0.5, -0.1, 0.1, 0.5])
def test_a_turn_of_the_hue_and_back(factor):
    red = np.full((2, 2, 3), (255, 0, 10), np.float32)
    turned = removed.adjust_hue(red, factor)
    assert np.abs(turned - red).max() > 100
    np.testing.assert_allclose(removed.adjust_hue(turned, -factor), red, atol=8)
