import ast
import os
import re
import shutil
import subprocess
import sys
from importlib.metadata import PathDistribution, packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
LINKED = ('avtss_mm', 'configs', 'tools')
COPIED = ('setup.py', 'pyproject.toml', 'MANIFEST.in', 'README.md', 'LICENSE', 'model-index.yml')


def run(*command, **options) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope='module')
def installed(tmp_path_factory):
    """A wheel, built from a copy of the sources and installed into its own folder."""
    source = tmp_path_factory.mktemp('source')
    for name in LINKED:
        ignored = shutil.ignore_patterns('__pycache__', '.mim')
        shutil.copytree(ROOT / name, source / name, ignore=ignored)
    for name in COPIED:
        shutil.copy(ROOT / name, source / name)
    target = tmp_path_factory.mktemp('target')
    pip = (sys.executable, '-m', 'pip', '--disable-pip-version-check')
    run(*pip, 'wheel', '--no-deps', '--no-build-isolation', '-w', source / 'dist', source)
    wheel = next((source / 'dist').glob('avtss_mm-*.whl'))
    run(*pip, 'install', '--no-deps', '--target', target, wheel)
    return target


@pytest.fixture(scope='module')
def requirements(installed):
    """Requirements of the installed wheel, by name."""
    metadata = PathDistribution(next(installed.glob('avtss_mm-*.dist-info')))
    parsed = map(Requirement, metadata.requires)
    return {canonicalize_name(requirement.name): requirement for requirement in parsed}


@pytest.mark.parametrize('editable', [False, True])
def test_configs_resolve_from_an_installed_wheel(installed, tmp_path, editable):
    """Also through mmengine's hub; all types are found in our registry scope."""
    path = [installed]
    if editable:  # its metadata lies elsewhere than its code
        info = next(installed.glob('avtss_mm-*.dist-info'))
        shutil.copytree(info, tmp_path / 'site-packages' / info.name)
        path.insert(0, tmp_path / 'site-packages')
    base = 'avtss_mm::pretrain/avtss_r2plus1d_k400.py'
    (tmp_path / 'mine.py').write_text(f"_base_ = '{base}'\nmodel = dict(backbone=dict(depth=18))\n")
    output = run(
        sys.executable,
        '-c',
        'import avtss_mm\n'
        'from mmengine.config import Config\n'
        'from mmengine.hub import get_config\n'
        'from mmengine.registry import TRANSFORMS\n'
        'print(avtss_mm.__file__)\n'
        'cfg = Config.fromfile("mine.py")\n'
        'print(cfg.model.type, cfg.model._scope_, cfg.data_root)\n'
        f'print(get_config("{base}").data_root)\n'
        'print(type(TRANSFORMS.build(dict(type="AVInit", _scope_="avtss_mm"))).__name__)\n'
        'print(type(TRANSFORMS.build(dict(type="FormatShape", input_format="NCTHW",'
        ' _scope_="avtss_mm"))).__name__)\n',
        cwd=tmp_path,
        env={**os.environ, 'PYTHONPATH': os.pathsep.join(map(str, path))},
    )
    where, *rest = output.splitlines()
    assert Path(where).parents[1] == installed
    assert rest == [
        'AVContrastiveRecognizer avtss_mm data/kinetics400',
        'data/kinetics400',
        'AVInit',
        'FormatShape',
    ]


@pytest.fixture(scope='module')
def labelled_videos(tmp_path_factory, make_video):
    """A folder for training and testing with the demo's config."""
    root = tmp_path_factory.mktemp('videos')
    for index in range(8):
        make_video(root / f'class{index % 2}/{index}.mp4', duration=4, size=(48, 64), seed=index)
    build = ROOT / 'tools/data/build_manifest.py'
    run(sys.executable, build, root, '--labels', 'folder', '-o', root / 'train.json')
    shutil.copy(root / 'train.json', root / 'test.json')
    return root


@pytest.mark.parametrize('place', ['wheel', 'checkout'])
def test_a_config_of_one_line_runs(installed, labelled_videos, tmp_path, place):
    """A config elsewhere that inherits from the package: train, resume, test, export."""
    home, tools = installed, installed / 'avtss_mm/.mim/tools'
    if place == 'checkout':
        home, tools = ROOT, ROOT / 'tools'
        if not (ROOT / 'avtss_mm/.mim').is_dir():
            pytest.skip('configs are linked by `pip install -e .`')
    (tmp_path / 'mine.py').write_text("_base_ = 'avtss_mm::demo/avtss_tiny.py'\n")

    def tool(name: str, *words: str) -> str:
        env = {**os.environ, 'PYTHONPATH': str(home)}
        return run(sys.executable, tools / name, *words, cwd=tmp_path, env=env)

    sides = ('train', 'val', 'test')
    workers = [f'{side}_dataloader.num_workers=1' for side in sides]
    options = ('--cfg-options', f'data_root={labelled_videos}', *workers)
    tool('train.py', 'mine.py', '--no-validate', *options, 'train_cfg.max_epochs=1')
    if place == 'checkout':  # the rest is the same in both
        return
    tool('train.py', 'mine.py', '--resume', *options, 'train_cfg.max_epochs=2')
    last = 'work_dirs/mine/epoch_2.pth'
    assert 'knn/video_top1' in tool('test.py', 'mine.py', last, *options)
    assert 'wrote video.pth' in tool('export_backbone.py', last, '--to=mmaction', '-o', 'video.pth')


def test_wheel_ships_every_config_and_tool_the_weights_and_the_clips(installed):
    for folder in ('configs', 'tools'):
        for path in (ROOT / folder).rglob('*'):
            if path.is_file() and '__pycache__' not in path.parts:
                shipped = (installed / 'avtss_mm/.mim' / path.relative_to(ROOT)).is_file()
                assert shipped != ('faults' in path.parts), path  # campaigns are for a checkout
    weights = 'avtss_mm/checkpoints/shipped/copies.safetensors'
    clips = 'avtss_mm/fingerprint/background_clips'
    for path in (ROOT / weights, *(ROOT / clips).iterdir()):
        assert (installed / path.relative_to(ROOT)).read_bytes() == path.read_bytes()


def imported_packages() -> set:
    """Top-level packages that the sources import."""
    names = set()
    for folder in ('avtss_mm', 'tools'):
        for path in (ROOT / folder).rglob('*.py'):
            for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
                if isinstance(node, ast.Import):
                    names.update(alias.name.partition('.')[0] for alias in node.names)
                elif isinstance(node, ast.ImportFrom) and not node.level:
                    names.add(node.module.partition('.')[0])
    beside = {path.stem for path in (ROOT / 'tools').glob('*/*.py')}
    return names - sys.stdlib_module_names - {'avtss_mm'} - beside


def test_every_import_is_required(requirements):
    # mmcv is the user's choice of two packages; decord comes with mmaction2
    exempt = {'mmcv', 'decord'}
    distributions = packages_distributions()
    for name in imported_packages() - exempt:
        owners = {canonicalize_name(owner) for owner in distributions[name]}
        assert owners & requirements.keys(), f'{name} is imported but not in setup.py'


@pytest.mark.parametrize('file', ['constraints.txt', 'constraints-numpy2.txt'])
def test_constraints_pin_every_requirement_in_its_range(requirements, file):
    lines = (ROOT / file).read_text().splitlines()
    pins = dict(line.split('==') for line in lines if line and not line.startswith('#'))
    pins = {canonicalize_name(name): version for name, version in pins.items()}
    for name, requirement in requirements.items():
        assert name in pins, f'{name} has no exact version in {file}'
        assert requirement.specifier.contains(pins[name]), (requirement, pins[name])


def test_version_is_in_the_changelog(installed):
    version = re.search(r"'(.+)'", (ROOT / 'avtss_mm/version.py').read_text())[1]
    assert f'## {version}\n' in (ROOT / 'CHANGELOG.md').read_text()
    assert (installed / f'avtss_mm-{version}.dist-info').is_dir()
