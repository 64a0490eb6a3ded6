"""Importing the package is fast, and later imports find everything registered."""

import pytest
from helpers.fresh_python import run_python

pytestmark = pytest.mark.slow

HEAVY = "print(*{'mmengine', 'torch'} & sys.modules.keys())\n"
REGISTERED = (
    'from mmaction.registry import DATASETS, METRICS, MODELS\n'
    "print(MODELS.module_dict.get('AVContrastiveRecognizer').__module__)\n"
    "assert DATASETS.module_dict.get('AudioVisualDataset')\n"
    "assert METRICS.module_dict.get('FingerprintMetric')\n"
    'import mmengine.runner.checkpoint\n'
    'assert mmengine.runner.load_state_dict.__wrapped__\n'
    "assert mmengine.__spec__.origin.endswith('__init__.py') and mmengine.Config\n"
)
MODEL = 'avtss_mm.models.recognizers.av_contrastive_recognizer'


@pytest.mark.parametrize(
    'first',
    [
        'import mmcv',
        'from mmengine.runner import Runner',
        'from importlib.util import find_spec; print(find_spec("mmengine").name)',
        'from avtss_mm.checkpoints.plain import to_plain',
        'from avtss_mm.datasets import AudioVisualDataset',
        'from avtss_mm.fingerprint.benchmark.fingerprint_metric import FingerprintMetric',
        'avtss_mm.models.AVContrastiveRecognizer',
    ],
)
def test_all_is_registered_whatever_is_imported_first(first):
    run = run_python(f'import sys, avtss_mm\n{HEAVY}{first}\n{REGISTERED}')
    assert run.stdout.split() in (['mmengine', MODEL], [MODEL]), run.stderr


def test_all_is_registered_at_once_beside_an_imported_mmengine():
    run = run_python(
        'import mmengine, sys, avtss_mm\n'
        'from mmengine.registry import MODELS\n'
        "print(MODELS.get('mmaction.AVContrastiveRecognizer').__module__)"
    )
    assert run.stdout.split() == [MODEL], run.stderr


def test_help_of_avtss_fp_imports_nothing_heavy():
    run = run_python(
        'import sys\n'
        'from avtss_mm.fingerprint.cli import main\n'
        'try:\n'
        "    main(['query', '--help'])\n"
        'except SystemExit:\n'
        f'    {HEAVY}'
    )
    assert run.stdout.startswith('usage: avtss-fp query') and run.stdout.endswith('\n\n'), run


@pytest.mark.parametrize('first', ['', 'gc.disable(); '])
def test_garbage_is_collected_after_the_import_as_before(first):
    before, after = run_python(
        f'import gc; {first}print(gc.isenabled()); import avtss_mm.models; print(gc.isenabled())'
    ).stdout.split()
    assert before == after == str(not first)


def test_a_search_does_not_collect_what_was_imported():
    run = run_python('import gc, avtss_mm.fingerprint.commands; print(gc.get_freeze_count())')
    assert int(run.stdout) > 100_000
