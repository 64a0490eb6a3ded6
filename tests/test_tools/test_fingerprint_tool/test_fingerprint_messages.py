"""What the command says and does in cases that would otherwise mislead users."""

from __future__ import annotations

import io
import json
import shutil
import sys

import av
import numpy as np
import pytest
from helpers.distinct_media import write_distinct
from helpers.made_index import make_index

from avtss_mm.datasets.transforms import decoding
from avtss_mm.fingerprint import commands, embed_media, indexing
from avtss_mm.fingerprint import index as package
from avtss_mm.fingerprint.index import calibration
from avtss_mm.fingerprint.results import print_matches
from avtss_mm.fingerprint.search import Match
from avtss_mm.media import open_media


@pytest.fixture
def three(media, tmp_path):
    """A folder of three videos."""
    folder = tmp_path / 'three'
    folder.mkdir()
    for seed in range(3):
        shutil.copy(media / f'{seed}.mp4', folder)
    return folder


def test_many_copies_are_one_group_and_all_are_found(three, model, avtss_fp, tmp_path):
    for number in range(25):
        shutil.copy(three / '0.mp4', three / f'copy {number:02d}.mp4')
    copies = {str(three / '0.mp4'), *map(str, three.glob('copy*'))}
    index = make_index(tmp_path / 'INDEX', three, model)
    status, out, err = avtss_fp('dedup', index, '--json', '--topk', '5')
    largest = json.loads(out)[0]
    assert status == 0 and {member['video'] for member in largest} == copies
    status, out, err = avtss_fp('query', three / '0.mp4', index, '--json')
    assert {match['video'] for match in json.loads(out)} == copies
    assert avtss_fp('dedup', index)[1].count('copy') == 25


def test_files_of_a_drive_that_is_not_there_stay_indexed(three, model, avtss_fp, tmp_path):
    index = make_index(tmp_path / 'INDEX', three, model)
    away = tmp_path / 'away'
    three.rename(away)
    three.mkdir()
    status, out, err = avtss_fp('index', three, '-o', index)
    assert status == 0 and '3 files (0 files added, 0 unchanged)' in out
    assert '3 files, most of' in out and '--prune' in out
    shutil.copy(away / '0.mp4', three)  # most are gone
    assert '3 files (' in avtss_fp('index', three, '-o', index)[1]
    assert '1 files (' in avtss_fp('index', three, '-o', index, '--prune')[1]


def test_files_of_other_suffixes_are_counted_and_looked_into_when_asked(
    three, model, avtss_fp, tmp_path
):
    (three / '1.mp4').rename(three / '1.dv2')
    (three / '2.mp4').rename(three / '2')
    index = tmp_path / 'INDEX'
    status, out, err = avtss_fp('index', three, '-o', index, '--checkpoint', model[1])
    assert (
        '1 files (' in out
        and 'not looked into: 2 files of other suffixes' in out
        and '--suffixes' in out
    )
    status, out, err = avtss_fp('index', three, '-o', index, '--suffixes', '.dv2', 'none')
    assert '3 files (2 files added' in out and 'not looked into' not in out
    assert '3 files (0 files added' in avtss_fp('index', three, '-o', index)[1]


def test_no_match_says_how_near_it_was(index, avtss_fp, tmp_path):
    stranger = write_distinct(tmp_path / 'stranger.mp4', 99, end=9)
    status, out, err = avtss_fp('query', stranger, index)
    assert (status, out) == (1, 'no match\n')
    assert 'the best score is 0.' in err and 'the threshold 0.' in err
    source = 'reached by 1 % of unrelated files, estimated from 5 of its files and 18 clips of'
    assert source in err.splitlines()[-1]
    assert '(--threshold)' in avtss_fp('query', stranger, index, '--threshold', '0.9')[2]


def test_an_index_of_an_older_version_has_its_threshold_until_it_is_indexed_again(
    three, model, avtss_fp, tmp_path, monkeypatch
):
    with monkeypatch.context() as older:
        older.setattr(indexing, 'add_background', lambda *args: None)
        older.setattr(calibration, 'FEWEST', 10)
        older.setattr(commands, 'installed', lambda: [])
        index = make_index(tmp_path / 'INDEX', three, model)
    stranger = write_distinct(tmp_path / 'stranger.mp4', 99, end=9)
    assert 'threshold 0.60 (the default, as' in avtss_fp('query', stranger, index)[2]
    assert '"video": ' in avtss_fp('query', three / '1.mp4', index, '--json')[1]
    assert avtss_fp('delete', index, three / '2.mp4')[0] == 0
    assert 'threshold 0.60 (the default, as' in avtss_fp('query', stranger, index)[2]
    assert '3 files (1 files added, 2 unchanged)' in avtss_fp('index', three, '-o', index)[1]
    assert 'from 3 of its files and 18 clips of' in avtss_fp('query', stranger, index)[2]


def test_half_a_second_is_shown_as_half_a_second(media, model, avtss_fp, tmp_path):
    short = tmp_path / 'short'
    short.mkdir()
    write_distinct(short / 'half.mp4', 5, end=0.5, sound=False)
    shutil.copy(media / '0.mp4', short)
    index = make_index(tmp_path / 'INDEX', short, model)
    status, out, err = avtss_fp('query', short / 'half.mp4', index, '--json', '--threshold', '0')
    match = next(m for m in json.loads(out) if m['video'].endswith('half.mp4'))
    assert match['query_start'] == match['video_start'] == 0
    assert match['query_end'] == pytest.approx(0.5, abs=0.1)
    assert match['video_end'] == pytest.approx(0.5, abs=0.1)


def test_a_terminal_without_unicode_loses_no_match(monkeypatch):
    match = Match('q.mp4', 0.0, 2.0, 'caf\u00e9 \u6f22.mp4', 0.0, 2.0, 1.0, 0.9, 'av', 'va')
    for as_csv in (False, True):
        written = io.BytesIO()
        monkeypatch.setattr(sys, 'stdout', io.TextIOWrapper(written, 'latin-1', newline=''))
        print_matches([match], False, as_csv)
        sys.stdout.flush()
        assert b'caf\xe9 \\u6f22.mp4' in written.getvalue()


def test_random_weights_need_a_config_and_the_message_names_one(three, avtss_fp, tmp_path):
    status, out, err = avtss_fp('index', three, '-o', tmp_path / 'I', '--checkpoint', 'random')
    assert status == 2 and '--config FILE, for instance configs/demo/avtss_toy.py' in err


def test_a_file_whose_header_tells_no_duration_is_indexed(three, model, avtss_fp, tmp_path):
    with av.open(str(three / 'one frame.mkv'), 'w') as output:
        stream = output.add_stream('libx264', rate=12)
        stream.width, stream.height = 96, 64
        frame = av.VideoFrame.from_ndarray(np.zeros((64, 96, 3), np.uint8), 'rgb24')
        output.mux([*stream.encode(frame.reformat(format='yuv420p')), *stream.encode()])
    index = tmp_path / 'INDEX'
    status, out, err = avtss_fp('index', three, '-o', index, '--checkpoint', model[1])
    assert '4 files (4 files added' in out and 'could not be read' not in out


def test_a_query_opens_its_file_once(media, index, avtss_fp, tmp_path, monkeypatch):
    opened = tmp_path / 'opened.txt'

    def counted(path, *args, **options):
        with open(opened, 'a') as log:  # workers are forked: a list would stay empty
            log.write(f'{path}\n')
        return open_media(path, *args, **options)

    monkeypatch.setattr(decoding, 'open_media', counted)
    monkeypatch.setattr(embed_media, 'probe', counted)
    status, out, err = avtss_fp('query', media / '0.mp4', index, '--workers', '1')
    assert status == 0, err
    assert opened.read_text() == f'{media / "0.mp4"}\n'


def test_no_candidates_are_refused(avtss_fp):
    status, out, err = avtss_fp('dedup', 'INDEX', '--topk', '0')
    assert status == 2 and 'argument --topk: must be at least 1, but is 0' in err


def test_without_its_package_milvus_names_the_extra(three, model, avtss_fp, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, 'pymilvus', None)
    monkeypatch.delitem(sys.modules, f'{package.__name__}.milvus_index', raising=False)
    monkeypatch.delattr(package, 'milvus_index', raising=False)
    words = ['--checkpoint', model[1], '--backend', 'milvus']
    status, out, err = avtss_fp('index', three, '-o', tmp_path / 'INDEX', *words)
    assert (status, out) == (2, '')
    assert err.splitlines()[-1].endswith(": Milvus needs pip install 'avtss-mm[milvus]'")
