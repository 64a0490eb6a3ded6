"""The command as a user runs it: a network with random weights finds copies of generated videos."""

from __future__ import annotations

import csv
import io
import json

import pytest
from helpers.commands import tool
from helpers.distinct_media import write_distinct, write_sound

pytestmark = pytest.mark.slow

FIELDS = 'query query_start query_end video video_start video_end speed score modality'.split()
FIELDS.append('descriptors')


def test_trimmed_copies_sounds_and_mute_videos_are_found(index, media, avtss_fp, tmp_path):
    trimmed = write_distinct(tmp_path / 'trimmed.mkv', 3, 4, 11, crf=30)
    status, out, err = avtss_fp('query', trimmed, index, '--json')
    best = json.loads(out)[0]
    assert status == 0 and list(best) == FIELDS and 'left out' not in err
    assert best['video'] == str(media / '3.mp4') and best['query'] == str(trimmed)
    assert best['modality'] == 'av' and 0.7 < best['score'] <= 1
    assert abs(best['video_start'] - best['query_start'] - 4) < 0.5
    assert abs(best['speed'] - 1) < 0.1 and best['query_end'] == pytest.approx(7, abs=1)

    status, out, err = avtss_fp('query', write_sound(tmp_path / 'a.wav', 2, 3, 11), index, '--csv')
    best, *others = csv.DictReader(io.StringIO(out))
    assert status == 0 and list(best) == FIELDS and best not in others
    assert (best['video'], best['modality']) == (str(media / '2.mp4'), 'a')
    assert abs(float(best['video_start']) - float(best['query_start']) - 3) < 0.5

    mute = write_distinct(tmp_path / 'mute.mp4', 4, 2, 9, sound=False)
    status, out, err = avtss_fp('query', mute, index)
    assert status == 0 and out.splitlines()[1].endswith(f'   {media}/sub dir/4 mute.mp4')
    assert '   picture' in out.splitlines()[1]

    page = tmp_path / 'page.html'
    asked = ['query', trimmed, index, '--modality', 'v', '--html', page]
    status, out, err = avtss_fp(*asked)
    assert status == 0 and 'picture' in out and '3.mp4' in page.read_text()
    assert 'data:video' not in page.read_text()
    assert avtss_fp(*asked, '--embed')[0] == 0 and 'data:video' in page.read_text()


def test_nothing_found_and_mistakes_have_their_exit_status(index, model, avtss_fp, tmp_path):
    stranger = write_distinct(tmp_path / 'stranger.mp4', 99, end=9)
    assert avtss_fp('query', stranger, index)[:2] == (1, 'no match\n')
    assert avtss_fp('query', stranger, index, '--json')[:2] == (1, '[]\n')
    status, out, err = avtss_fp('query', stranger, index, '--threshold', '0.05')
    assert status == 0
    config = ('--config', model[0])  # of which weights?
    for said, *arguments in (
        ('none.mp4', 'query', tmp_path / 'none.mp4', index),
        ('is not an index: "avtss-fp index" makes one', 'query', stranger, tmp_path),
        ('no audio to compare', 'query', index.parent, index, '--modality', 'a'),
        ('name the weights: --checkpoint', 'index', tmp_path, '-o', tmp_path / 'new', *config),
        ('is not a folder', 'index', stranger, '-o', tmp_path / 'new'),
        ('not in ', 'delete', index, tmp_path / 'none.mp4'),
    ):
        if 'no audio' in said:
            arguments[1] = write_distinct(tmp_path / 'mute.mp4', 1, end=3, sound=False)
        status, out, err = avtss_fp(*arguments)
        assert (status, out) == (2, '') and said in err.splitlines()[-1], err
        assert err.splitlines()[-1].startswith('error: ')


@pytest.mark.parametrize('backend', ['faiss', 'milvus'])
def test_delete_dedup_and_stats(backend, media, model, avtss_fp, tmp_path):
    if backend == 'milvus':
        pytest.importorskip('milvus_lite', reason='Milvus Lite is not installed')
    index = tmp_path / 'INDEX'
    options = ['--checkpoint', model[1], '--backend', backend]
    assert avtss_fp('index', media, '-o', index, *options)[0] == 0
    status, out, err = avtss_fp('dedup', index, '--json')
    (pair,) = [group for group in json.loads(out) if group[0]['score'] > 0.8]
    places = {member['video']: member['start'] for member in pair}
    assert status == 0 and list(pair[0]) == 'video start end speed score modality'.split()
    assert set(places) == {str(media / '1.mp4'), str(media / 'copy of 1.webm')}
    assert places[str(media / '1.mp4')] == pytest.approx(2, abs=0.3)

    status, out, err = avtss_fp('delete', index, media / 'copy of 1.webm', media / 'sub dir')
    assert status == 0 and '2 files removed, 4 left' in out
    assert avtss_fp('dedup', index, '--threshold', '0.8')[1] == 'no two files share a stretch\n'
    trimmed = write_distinct(tmp_path / 'trimmed.mp4', 1, 3, 10)
    status, out, err = avtss_fp('query', trimmed, index, '--csv')
    assert next(csv.DictReader(io.StringIO(out)))['video'] == str(media / '1.mp4')
    facts = json.loads(avtss_fp('stats', index, '--json')[1])
    assert facts['files'] == 4 and facts['video_chunks'] == facts['audio_chunks'] == 44
    assert facts['backends']['video']['backend'] == backend
    assert facts['backends']['audio']['vectors'] == 44
    assert 'thresholds' in avtss_fp('stats', index)[1]


def test_the_script_runs(index):
    result = tool('fingerprint.py', 'stats', index)
    assert 'video_chunks' in result.stdout
    result = tool('fingerprint.py', 'query', check=False)
    assert result.returncode == 2 and 'usage: avtss-fp query' in result.stderr


def test_distort_makes_copies_with_their_truth(media, avtss_fp, tmp_path):
    out, sheet = tmp_path / 'out', tmp_path / 'sheet.png'
    options = ['--only', 'flip', 'mp3', '--severity', '1', '--workers', '1']
    status, text, err = avtss_fp('distort', media / '0.mp4', '-o', out, *options, '--sheet', sheet)
    assert status == 0 and '2 copies of 1 files' in text and 'copy' in err, err
    rows = json.loads((out / 'queries.json').read_text())['data_list']
    assert {row['distortion'] for row in rows} == {'flip', 'mp3'} and rows[0]['source'] == '0.mp4'
    assert sheet.stat().st_size > 10_000

    mute = media / 'sub dir/4 mute.mp4'
    status, text, err = avtss_fp('distort', mute, '-o', tmp_path / 'mute', '--only', 'mp3')
    assert status == 1 and '3 copies could not be made, listed in' in text
    for said, source, *more in (
        ('no such file', media / 'none.mp4'),
        ("no distortion 'nothing'", media / '0.mp4', '--only', 'nothing'),
        ('--sheet shows one video', media, '--sheet', sheet),
    ):
        status, text, err = avtss_fp('distort', source, '-o', out, *more)
        assert (status, text) == (2, '') and said in err.splitlines()[-1], err
