"""``avtss-fp`` with fingerprints that are not learned, and where they cannot be computed."""

from __future__ import annotations

import json
import shutil

import pytest
from helpers.distinct_media import write_distinct

from avtss_mm.fingerprint import commands
from avtss_mm.fingerprint.choices import installed

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which('fpcalc') is None, reason='needs fpcalc'),
]


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp('videos')
    for seed in range(6):
        write_distinct(folder / f'{seed}.mp4', seed, end=10)
    return folder


def without(monkeypatch, *names):
    """Lets the command find only other fingerprints than these."""
    monkeypatch.setattr(commands, 'installed', lambda: [n for n in installed() if n not in names])


def descriptors_of(avtss_fp, file, index):
    status, out, err = avtss_fp('query', file, index, '--json')
    assert status == 0, err
    best = json.loads(out)[0]
    assert best['video'].endswith('3.mp4') and best['modality'] == 'av'
    return best['descriptors'], best['score'], err


def test_all_descriptors_find_a_copy_and_say_so(folder, avtss_fp, tmp_path):
    index, page = tmp_path / 'INDEX', tmp_path / 'page.html'
    out = avtss_fp('index', folder, '-o', index)[1]
    assert 'beside the learned features: perceptual hash and Chromaprint' in out
    described = json.loads(avtss_fp('stats', index, '--json')[1])
    assert described['phash_chunks'] == described['video_chunks'] == 6 * 9
    assert 0 < described['chromaprint_chunks'] <= described['audio_chunks']
    write_distinct(tmp_path / 'copy.mp4', 3, 1, 9, crf=30)
    status, out, _ = avtss_fp('query', tmp_path / 'copy.mp4', index, '--html', page)
    assert status == 0 and 'both (perceptual hash, Chromaprint)' in out
    html = page.read_text()
    for name in ('Picture', 'Sound', 'Perceptual hash', 'Chromaprint'):
        assert f'<figcaption><b>{name}</b>' in html
    assert set(descriptors_of(avtss_fp, tmp_path / 'copy.mp4', index)[0]) == set('vahc')


def test_an_index_is_used_where_they_are_missing(folder, avtss_fp, tmp_path, monkeypatch):
    index, copy = tmp_path / 'INDEX', tmp_path / 'copy.mp4'
    assert avtss_fp('index', folder, '-o', index)[0] == 0
    shutil.copy(folder / '3.mp4', copy)
    assert set(descriptors_of(avtss_fp, copy, index)[0]) == set('vahc')
    without(monkeypatch, 'chromaprint')
    found, _, err = descriptors_of(avtss_fp, copy, index)
    assert set(found) == set('vah')
    assert 'Chromaprint: left out, since the program fpcalc is not installed' in err
    write_distinct(folder / 'new.mp4', 9, end=8)
    out, err = avtss_fp('index', folder, '-o', index)[1:]
    assert '1 files added' in out and 'Chromaprint: left out' in err
    (folder / 'new.mp4').unlink()


def test_an_index_without_them_stays_so(folder, avtss_fp, tmp_path, monkeypatch):
    index = tmp_path / 'INDEX'
    without(monkeypatch, 'phash', 'chromaprint')
    assert 'beside the learned' not in avtss_fp('index', folder, '-o', index)[1]
    monkeypatch.undo()
    write_distinct(folder / 'new.mp4', 9, end=8)
    assert 'beside the learned' not in avtss_fp('index', folder, '-o', index)[1]
    (folder / 'new.mp4').unlink()
    found, _, err = descriptors_of(avtss_fp, folder / '3.mp4', index)
    assert set(found) == set('va') and 'left out' not in err
    rebuilt = avtss_fp('index', folder, '-o', index, '--rebuild')[1]
    assert 'beside the learned features' in rebuilt
