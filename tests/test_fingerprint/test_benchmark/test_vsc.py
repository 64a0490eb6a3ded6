"""CSV files in the format of the Video Similarity Challenge."""

import os

import pytest

from avtss_mm.fingerprint.benchmark.robustness_table import write_table
from avtss_mm.fingerprint.benchmark.vsc import COLUMNS, VSCMatch, read_matches, write_matches


def test_what_is_written_is_read(tmp_path):
    matches = [VSCMatch('Q100001', 'R200003', 0.0, 4.5, 12.25, 16.75, 0.875)]
    write_matches(tmp_path / 'm.csv', matches)
    assert read_matches(tmp_path / 'm.csv') == matches
    header = (tmp_path / 'm.csv').read_text().splitlines()[0]
    assert header == 'query_id,ref_id,query_start,query_end,ref_start,ref_end,score'


def test_what_cannot_be_put_in_place_leaves_the_old_tables(tmp_path, monkeypatch):
    row = dict(distortion='crop', score=0.5)
    write_matches(tmp_path / 'm.csv', [])
    write_table(tmp_path, [row])
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def full(*names):
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(os, 'replace', full)
    with pytest.raises(OSError, match='No space'):
        write_matches(tmp_path / 'm.csv', [VSCMatch('Q1', 'R2', 0, 1, 2, 3)])
    with pytest.raises(OSError, match='No space'):
        write_table(tmp_path, [row, row])
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_ground_truth_has_no_score_and_any_order(tmp_path):
    path = tmp_path / 'gt.csv'
    path.write_text(
        'ref_id,query_id,ref_start,ref_end,query_start,query_end,note\nR1,Q2,5,9,0,4,x\n'
    )
    assert read_matches(path) == [VSCMatch('Q2', 'R1', 0.0, 4.0, 5.0, 9.0, 1.0)]


@pytest.mark.parametrize(
    'line, message',
    [
        ('Q1,R1,0,four,0,4', 'line 2.*four'),
        ('Q1,R1,0', 'line 2'),
        ('Q1,R1,0,nan,0,4', 'line 2: times'),
        ('Q1,R1,4,0,0,4', 'ends before'),
    ],
)
def test_says_which_line_is_wrong(tmp_path, line, message):
    path = tmp_path / 'gt.csv'
    path.write_text(','.join(COLUMNS[:-1]) + '\n' + line + '\n')
    with pytest.raises(ValueError, match=message):
        read_matches(path)


def test_says_which_column_is_missing(tmp_path):
    (tmp_path / 'gt.csv').write_text('query_id,ref_id,score\n')
    with pytest.raises(ValueError, match='no column query_start'):
        read_matches(tmp_path / 'gt.csv')
