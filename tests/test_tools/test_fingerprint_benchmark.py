"""The benchmark as a user runs it: small real videos, tools/test.py, table and figures."""

import json
import shutil

import pytest
from helpers.commands import ROOT, tool
from mmengine.config import Config
from mmengine.runner import Runner

from avtss_mm.fingerprint.benchmark.ground_truth import prepare_copies, read_ground_truth
from avtss_mm.media.manifest import build_manifest, save_manifest
from avtss_mm.utils.config import apply_cfg_options

pytestmark = pytest.mark.slow

SMALL = [
    'model.backbone.base_channels=4',
    'model.audio_backbone.base_channels=4',
    *(f'model.{side}.in_channels=32' for side in ('neck', 'audio_neck')),
]


@pytest.fixture(scope='module')
def data(tmp_path_factory, make_video):
    root = tmp_path_factory.mktemp('fingerprint')
    sounds = ('noise', 'tone', 'noise')
    for i, audio in enumerate(sounds):
        make_video(root / f'{i}.mp4', duration=5, fps=15, audio=audio, seed=i)
    rows, _ = build_manifest(root, workers=1)
    save_manifest(root / 'test.json', rows)
    copies = ('-o', root / 'fingerprint', '--only', 'crf', '--severity', 1)
    tool('fingerprint.py', 'distort', root / 'test.json', *copies)
    return root


def options(data, out):
    return {
        'data_root': str(data),
        'test_evaluator.out_dir': str(out),
        'test_evaluator.held_out': 0,
        'test_dataloader.num_workers': 0,
        'test_dataloader.persistent_workers': False,
    }


def read(out):
    rows = json.loads((out / 'table.json').read_text())
    return {row['modality']: row for row in rows}


def test_untrained_networks(data, tmp_path):
    given = [f'{key}={value}' for key, value in options(data, tmp_path / 'out').items()]
    printed = tool(
        'test.py', ROOT / 'configs/demo/fingerprint_toy.py', 'random',
        '--work-dir', tmp_path, '--cfg-options', *given, *SMALL, 'test_evaluator.through_tool=True',
    ).stdout  # fmt: skip
    assert 'av avtss-fp' in printed and 'fingerprint/avtss-fp_v_R@1' in printed
    rows = read(tmp_path / 'out')
    assert list(rows) == ['v', 'a', 'av']
    assert rows['v']['R@1'] == 1 and rows['v']['queries'] == 3
    assert rows['v']['offset_error'] < 1
    assert 'fingerprint/v_R@1' in printed and '(chance 0.3333)' in printed
    assert 'crf' in printed and 'av t1' in printed
    assert (tmp_path / 'out/heat_map.png').exists()


def test_weights_of_the_package(data, tmp_path):
    given = [f'{key}={value}' for key, value in options(data, tmp_path / 'out').items()]
    config = ROOT / 'configs/fingerprint/copies_vggsound.py'
    result = tool('test.py', config, 'shipped', '--work-dir', tmp_path, '--cfg-options', *given)
    assert 'copies.safetensors' in result.stdout  # where they were loaded from
    assert read(tmp_path / 'out')['v']['R@1'] == 1


@pytest.mark.skipif(shutil.which('fpcalc') is None, reason='fpcalc is not installed')
def test_each_descriptor_of_the_tool_has_a_row_of_its_own(data, tmp_path):
    pytest.importorskip('imagehash')
    given = [f'{key}={value}' for key, value in options(data, tmp_path / 'out').items()]
    config = ROOT / 'configs/fingerprint/copies_and_hashes_vggsound.py'
    told = tool('test.py', config, 'shipped', '--work-dir', tmp_path, '--cfg-options', *given)
    assert 'v avtss-fp_phash' in told.stdout and 'a avtss-fp_phash' not in told.stdout
    found = {folder.name: read(folder) for folder in (tmp_path / 'out').glob('avtss-fp*')}
    both = ['v', 'a', 'av']
    assert {kind: list(rows) for kind, rows in found.items()} == {
        'avtss-fp': both,
        'avtss-fp_learned': both,
        'avtss-fp_phash': ['v'],
        'avtss-fp_chromaprint': ['a'],
    }
    assert found['avtss-fp']['av']['R@1'] == found['avtss-fp_phash']['v']['R@1'] == 1
    assert found['avtss-fp_chromaprint']['a']['segment_F1'] == 1


def test_features_of_chunks_are_not_kept(tmp_path):
    config = ROOT / 'configs/demo/fingerprint_toy.py'
    result = tool('test.py', config, 'random', '--features', tmp_path / 'f.npz', check=False)
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1].startswith('error: --features stores one feature per')


OUTSIDE = {'test_dataloader.dataset.allow_outside': True}


def measure(config, data, out, **more):
    cfg = Config.fromfile(ROOT / 'configs' / config)
    apply_cfg_options(cfg, {**options(data, out), **more})
    cfg.work_dir = str(out)
    Runner.from_cfg(cfg).test()
    return read(out)


def test_perceptual_hashes(data, tmp_path):
    pytest.importorskip('imagehash')
    assert measure('fingerprint/phash_vggsound.py', data, tmp_path)['v']['R@1'] == 1


@pytest.fixture(scope='module')
def copies(tmp_path_factory, make_video):
    """Three videos and their copies with a ground truth; the last copy has no sound."""
    root = tmp_path_factory.mktemp('copies')
    truth = ['query,ref,transform,offset_s']
    for i, audio in enumerate(('noise', 'noise', None)):
        make_video(root / 'ref' / f'r{i}.mp4', duration=5, fps=15, audio='noise', seed=i)
        make_video(root / 'query' / f'q{i}.mp4', duration=5, fps=15, audio=audio, seed=i, crf=35)
        truth.append(f'q{i},r{i},{"mute" if audio is None else "crf"},0')
    (root / 'truth.csv').write_text('\n'.join(truth))
    truth = read_ground_truth(root / 'truth.csv')
    prepare_copies([root / 'ref'], [root / 'query'], truth, root / 'out')
    return root / 'out'


def test_where_a_query_has_no_sound_the_picture_counts(copies, tmp_path):
    small = {key: int(value) for key, value in (option.split('=') for option in SMALL)}
    rows = measure('demo/fingerprint_toy.py', copies, tmp_path, **small, **OUTSIDE)
    assert (rows['v']['distortion'], rows['v']['R@1'], rows['av']['R@1']) == ('mute', 1, 1)
    table = json.loads((tmp_path / 'table.json').read_text())
    found = {(r['distortion'], r['modality'], r['queries']) for r in table}
    crf = {('crf', modality, 2) for modality in ('v', 'a', 'av')}
    assert found == crf | {('mute', 'v', 1), ('mute', 'av', 1)}


def test_the_sound_alone(copies, tmp_path):
    small = {'model.audio_backbone.base_channels': 4, 'model.audio_neck.in_channels': 32}
    rows = measure('demo/fingerprint_sound_toy.py', copies, tmp_path / 'net', **small, **OUTSIDE)
    assert list(rows) == ['a'] and (rows['a']['queries'], rows['a']['R@1']) == (2, 1)
    assert rows['a']['within_1s'] == 1
    if shutil.which('fpcalc'):
        rows = measure('fingerprint/chromaprint_vggsound.py', copies, tmp_path / 'hash', **OUTSIDE)
        assert list(rows) == ['a'] and rows['a']['R@1'] == 1
