"""Without a checkpoint, the weights that come with the package are used."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
from helpers.distinct_media import write_distinct
from helpers.fresh_python import run_python

from avtss_mm.apis import Embedder
from avtss_mm.apis.encoder import SHIPPED_PATH

pytestmark = pytest.mark.slow


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """A folder of twelve videos."""
    folder = tmp_path_factory.mktemp('videos')
    for seed in range(12):
        write_distinct(folder / f'{seed}.mp4', seed, end=8)
    return folder


def test_a_distorted_copy_is_found_without_a_checkpoint(folder, avtss_fp, tmp_path):
    index, copies = tmp_path / 'INDEX', tmp_path / 'copies'
    assert avtss_fp('index', folder, '-o', index)[0] == 0
    status, out, _ = avtss_fp('stats', index, '--json')
    assert status == 0 and json.loads(out)['checkpoint'] == 'shipped'
    only = ('--only', 'crop', 'story', '--severity', '1', '--workers', '1')
    assert avtss_fp('distort', folder / '3.mp4', '-o', copies, *only)[0] == 0
    for name, modality in (('crop_1', 'v'), ('story_1', 'v'), ('story_1', 'av')):
        (copy,) = (copies / name).iterdir()
        status, out, err = avtss_fp('query', copy, index, '--modality', modality, '--json')
        assert status == 0, (name, err)
        assert json.loads(out)[0]['video'] == str(folder / '3.mp4'), name
    stranger = write_distinct(tmp_path / 'stranger.mp4', 99, end=8)
    assert avtss_fp('query', stranger, index)[:2] == (1, 'no match\n')


def test_an_index_of_one_clip_finds_its_copies_and_no_stranger(folder, avtss_fp, tmp_path):
    one, index, copies = tmp_path / 'one', tmp_path / 'INDEX', tmp_path / 'copies'
    one.mkdir()
    shutil.copy(folder / '3.mp4', one)
    assert avtss_fp('index', one, '-o', index)[0] == 0
    described = json.loads(avtss_fp('stats', index, '--json')[1])
    assert (described['files'], described['video_chunks']) == (1, 7)
    assert described['backends']['video']['vectors'] == 7
    assert avtss_fp('dedup', index)[1] == 'no two files share a stretch\n'
    only = ('--only', 'crop', 'crf', 'repost', 'trim', 'mp3', '--severity', '2', '--workers', '1')
    assert avtss_fp('distort', one / '3.mp4', '-o', copies, *only)[0] == 0
    for copy in [one / '3.mp4', *copies.glob('*/*.*')]:
        status, out, err = avtss_fp('query', copy, index, '--json')
        assert status == 0, (copy, err)
        assert json.loads(out)[0]['video'] == str(one / '3.mp4'), copy
    for seed in (4, 5, 6):
        status, out, err = avtss_fp('query', folder / f'{seed}.mp4', index)
        assert (status, out) == (1, 'no match\n')
        assert 'unrelated files, estimated from 18 clips of avtss_mm, raised' in err


def test_a_query_imports_no_compiler(folder, avtss_fp, tmp_path):
    one, index = tmp_path / 'one', tmp_path / 'INDEX'
    one.mkdir()
    shutil.copy(folder / '3.mp4', one)
    assert avtss_fp('index', one, '-o', index)[0] == 0
    run = run_python(
        'import sys\n'
        'from avtss_mm.fingerprint.cli import main\n'
        f'main({["query", str(one / "3.mp4"), str(index), "--json"]!r})\n'
        "print({'torch._dynamo', 'torchvision'} & sys.modules.keys(), file=sys.stderr)"
    )
    assert json.loads(run.stdout)[0]['video'] == str(one / '3.mp4'), run.stderr
    assert run.stderr.splitlines()[-1] == 'set()', run.stderr


def test_own_weights_replace_them(folder, model, avtss_fp, tmp_path):
    index = tmp_path / 'INDEX'
    assert avtss_fp('index', folder, '-o', index, '--checkpoint', model[1])[0] == 0
    status, out, _ = avtss_fp('query', folder / '3.mp4', index, '--json')
    assert status == 0 and json.loads(out)[0]['video'] == str(folder / '3.mp4')
    status, _, err = avtss_fp('query', folder / '3.mp4', index, '--checkpoint', 'shipped')
    assert status == 2 and 'was made with another model' in err


def test_an_embedder_without_arguments(folder):
    video = folder / '3.mp4'
    mine, its = Embedder().embed(video), Embedder(str(SHIPPED_PATH)).embed(video)
    for name in ('video', 'audio'):
        np.testing.assert_array_equal(mine[name].feat, its[name].feat)
        assert mine[name].feat.shape[0] == 7  # a clip of two seconds each second
    assert SHIPPED_PATH.stat().st_size < 10e6
