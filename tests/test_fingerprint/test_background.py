"""The background clips: what they are, and which indices get them."""

from __future__ import annotations

import csv
import shutil

import pytest
from helpers.small_encoder import write_model
from helpers.small_index import chunks, make_index

from avtss_mm.fingerprint import background
from avtss_mm.fingerprint.background import CLIPS, add_background
from avtss_mm.fingerprint.embedding import chunk_embedder
from avtss_mm.fingerprint.index.background import BACKGROUND, known_background
from avtss_mm.media import probe


@pytest.fixture(scope='module')
def embedder(tmp_path_factory):
    return chunk_embedder(write_model(tmp_path_factory.mktemp('model'))[1], device='cpu')


def test_each_clip_has_video_and_audio_and_names_its_sources():
    with open(CLIPS / 'SOURCES.csv', newline='') as table:
        sources = {row['clip']: row for row in csv.DictReader(table)}
    assert {path.name for path in CLIPS.glob('*.mp4')} == sources.keys() and len(sources) == 18
    licences = (CLIPS / 'README.md').read_text()
    for name, row in sources.items():
        facts = probe(CLIPS / name)
        assert facts['has_audio'] and facts['duration'] == pytest.approx(6, abs=0.2)
        packages = [row[side].split(': ')[0] for side in ('picture', 'sound')]
        assert all(package in licences for package in packages), row


@pytest.mark.parametrize('number, stored', [(0, 0), (1, 3), (99, 3), (100, 0)])
def test_only_few_files_need_them(number, stored, embedder, tmp_path, monkeypatch, capsys):
    few = tmp_path / 'clips'
    few.mkdir()
    for path in sorted(CLIPS.glob('*.mp4'))[:3]:
        shutil.copy(path, few)
    (few / 'broken.mp4').write_text('nothing')
    monkeypatch.setattr(background, 'CLIPS', few)
    with make_index(tmp_path / 'INDEX', [chunks(seed, 3) for seed in range(number)]) as index:
        add_background(index.catalog, embedder, 60)
        known = known_background(index.catalog)
        assert len(known) == stored and (BACKGROUND in index.catalog.metadata) == (stored > 0)
        assert all({*clip} == {'video', 'audio'} for clip in known)
    assert ('broken.mp4' in capsys.readouterr().err) == (stored > 0)
