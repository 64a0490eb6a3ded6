"""A small comparison of the reader with a linear decode."""

import json

import pytest
from helpers.commands import tool

pytestmark = pytest.mark.slow


def test_real_and_made_files_are_compared(make_video, tmp_path):
    make_video(tmp_path / 'media/a.mp4', duration=1, size=(64, 96))
    options = ('--only', 'mpeg4', 'rv10', '--moments', 16, '--seeds', 1, '--out', tmp_path)
    result = tool('faults/picture_equality.py', tmp_path / 'media', *options)
    rows = [
        json.loads(line) for line in (tmp_path / 'picture_equality.jsonl').read_text().splitlines()
    ]
    counts = [row['moments'] for row in rows if row['kind'] != 'real']
    assert counts == [16] * (6 * 4)  # five containers and one, of four kinds
    assert rows[0] == dict(
        kind='real', name='.mp4', files=1, moments=8,
        **{'undefined': 0, 'other time': 0, 'other pixels': 0},
    )  # fmt: skip
    assert (tmp_path / 'picture_equality.md').read_text() in result.stdout
