"""Each test starts a fresh Python, because the patches are applied at import."""

import inspect

import pytest
from helpers.fresh_python import ROOT, run_python

pytestmark = pytest.mark.slow


def test_import_is_silent_and_mends_what_is_needed(tmp_path):
    (tmp_path / 'mine.py').write_text("_base_ = 'mmaction::_base_/default_runtime.py'\n")
    run = run_python(
        'import avtss_mm, mmaction.models as models\n'
        'from mmaction.registry import MODELS\n'
        'from mmengine.config import Config\n'
        'print(models.TCANet.__name__, MODELS.get("ResNet2Plus1d").__name__)\n'
        f'print(Config.fromfile(r"{tmp_path}/mine.py").default_scope)'
    )
    assert (run.returncode, run.stderr) == (0, ''), run.stderr
    assert run.stdout.split() == ['TCANet', 'ResNet2Plus1d', 'mmaction']


@pytest.fixture
def new_transformers(tmp_path):
    """A ``transformers`` without the functions that mmaction2 1.2 imports, like version 5.0."""
    any_name = (
        'def __getattr__(name):\n'
        '    if name.startswith("__"):\n'
        '        raise AttributeError(name)\n'
        '    return type(name, (), {"from_pretrained": print})\n'
    )
    modules = {
        'transformers': any_name,
        'transformers.models': '',
        'transformers.models.beit': any_name,
        'transformers.models.beit.modeling_beit': any_name,
        'transformers.activations': any_name,
        'transformers.configuration_utils': any_name,
        'transformers.file_utils': any_name,
        'transformers.modeling_outputs': any_name,
        'transformers.modeling_utils': 'class PreTrainedModel: pass\n',
        'timm': '',
        'timm.models': '',
        'timm.models.layers': any_name,
    }
    for name, source in modules.items():
        folder = tmp_path.joinpath(*name.split('.'))
        folder.mkdir(parents=True, exist_ok=True)
        (folder / '__init__.py').write_text(source)
    info = tmp_path / 'transformers-5.0.0.dist-info'
    info.mkdir()
    (info / 'METADATA').write_text('Metadata-Version: 2.1\nName: transformers\nVersion: 5.0.0\n')
    return tmp_path


def test_import_after_failed_ones_and_with_broken_multimodal_models(new_transformers):
    run = run_python(
        'from mmaction.utils import dependency\n'
        'try:\n'
        '    import mmaction.models\n'
        'except ModuleNotFoundError as error:\n'
        '    print(error.name, dependency.WITH_MULTIMODAL)\n'
        'import avtss_mm\n'
        'from mmaction.registry import MODELS\n'
        'print(MODELS.get("BMN").__name__, MODELS.get("VindLUVQA").__name__)\n'
        'print(dependency.WITH_MULTIMODAL)',
        new_transformers,
    )
    assert run.stdout.splitlines() == [
        'mmaction.models.localizers.drn True',
        'BMN ask_install',
        'False',
    ], run.stderr


def test_sound_upstream_is_left_alone():
    drn = 'mmaction.models.localizers.drn'  # as in a mmaction2 that has the folder
    run = run_python(
        'import sys, types\n'
        f'for name in ("{drn}", "{drn}.drn"):\n'
        '    sys.modules[name] = types.ModuleType(name)\n'
        f'sys.modules["{drn}.drn"].DRN = int\n'
        'import avtss_mm, mmaction.models.localizers as localizers\n'
        'print(localizers.DRN.__name__)'
    )
    assert run.stdout == 'int\n', run.stderr


def test_scipy_stats_is_imported_when_something_needs_it():
    run = run_python(
        'import sys, avtss_mm.models\n'
        'print("scipy.stats" in sys.modules)\n'
        'from mmaction.datasets.transforms import pose_transforms\n'
        'print(pose_transforms.get_mode([1, 1, 2])[0][0], "scipy.stats" in sys.modules)\n'
        'from scipy.stats import norm\n'
        'print(norm.cdf(0))'
    )
    assert run.stdout.split() == ['False', '1', 'True', '0.5'], run.stderr


def test_other_statistics_are_there_while_transforms_are_imported():
    run = run_python(
        'import sys\n'
        'from avtss_mm.compat.patches import _LateModule\n'
        'sys.modules["scipy.stats"] = _LateModule("scipy.stats")\n'
        'from scipy.stats import mode, norm\n'
        'import scipy.stats\n'
        'print(norm.cdf(0), mode([1, 1, 2])[0], scipy.stats.norm is norm)'
    )
    assert run.stdout.split() == ['0.5', '1', 'True'], run.stderr


def test_the_hub_of_mmengine_builds_our_models():
    run = run_python(
        'from mmengine.hub import get_model\n'
        'import avtss_mm\n'
        "model = get_model('avtss_mm::demo/avtss_toy.py')\n"
        'print(type(model).__name__, type(model.backbone).__name__)'
    )
    assert run.stdout == 'AVContrastiveRecognizer R2Plus1D\n', run.stderr


def test_each_statement_of_a_config_is_formatted_once():
    run = run_python(
        'from mmengine.config import Config, config\n'
        'plain, calls = config.FormatCode, []\n'
        'config.FormatCode = lambda text, **o: calls.append(text) or plain(text, **o)\n'
        'import avtss_mm\n'
        'one, other = Config(dict(a=1, b="x\\ny")), Config(dict(a=2, b="x\\ny"))\n'
        'print(one.pretty_text == one.pretty_text != other.pretty_text, len(calls))\n'
        'print(other.pretty_text)'
    )
    assert run.stdout == "True 3\na = 2\nb = 'x\\ny'\n\n", run.stderr


def test_a_config_is_formatted_though_another_thread_parses():
    run = run_python(
        'import ast, avtss_mm\n'
        'from mmengine.config import Config\n'
        'def fails_once(text):\n'
        '    ast.parse = parse\n'
        '    raise SystemError("AST constructor recursion depth mismatch (before=15, after=6)")\n'
        'parse, ast.parse = ast.parse, fails_once\n'
        'print(Config(dict(a=1)).pretty_text, ast.parse is parse)'
    )
    assert run.stdout == 'a = 1\n True\n', run.stderr


@pytest.mark.parametrize('path', ['pretrain/avtss_r2plus1d_k400.py', 'demo/avtss_toy_pretext.py'])
def test_the_text_of_a_config_is_that_of_yapf(path):
    from mmengine.config import config

    from avtss_mm.utils.config import read_config

    cfg = read_config(str(ROOT / 'configs' / path))
    ours = cfg.pretty_text
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(config, 'FormatCode', inspect.unwrap(config.FormatCode))
        assert cfg.pretty_text == ours and len(ours) > 3000
