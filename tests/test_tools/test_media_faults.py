"""A small campaign of bad media files: every kind once, from two real files."""

from __future__ import annotations

import json

import pytest
from helpers.commands import tool

pytestmark = pytest.mark.slow


def test_every_kind_is_survived(make_video, tmp_path):
    for name in ('a.mp4', 'b.avi'):
        make_video(tmp_path / 'media' / name, duration=2, size=(64, 96), audio='noise')
    options = ('--limit', 6, '--timeout', 3, '--only', 'FIFO', 'HTML', 'cut at a box', 'rotation')
    result = tool('faults/media_faults.py', tmp_path / 'media', '--out', tmp_path / 'out', *options)
    rows = [
        json.loads(line) for line in (tmp_path / 'out/media_faults.jsonl').read_text().splitlines()
    ]
    outcomes = {row['kind']: row['outcome'] for row in rows}
    assert outcomes['FIFO'] == outcomes['HTML'] == 'refused'
    assert outcomes['rotation'] == 'fine'
    assert all(row['outcome'] not in ('WRONG', 'LOST', 'cut off') for row in rows)
    assert 'slot' in next(row['why'] for row in rows if row['kind'] == 'FIFO')
    table = (tmp_path / 'out/media_faults.md').read_text()
    assert table in result.stdout and '| FIFO | 1 |' in table
    assert 'workers lived on' in table and 'of 120 files' in table
