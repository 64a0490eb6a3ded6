"""The command, as a user runs it: a network of random weights finds copies of generated videos."""

from __future__ import annotations

import csv
import io
import json
import os
import random
import shutil
import signal
import time
import wave

import pytest
from commands import tool
from distinct_media import RATE, melody, write_distinct
from small_encoder import write_model

from avtss_mm.fingerprint.catalog import Catalog
from avtss_mm.fingerprint.cli import main
from avtss_mm.utils.cli import UsageError

FIELDS = 'query query_start query_end video video_start video_end speed score modality'.split()


@pytest.fixture(scope='module')
def model(tmp_path_factory):
    return write_model(tmp_path_factory.mktemp('model'))


@pytest.fixture(scope='module')
def media(tmp_path_factory):
    """Five videos, a copy of a part of one, one without sound, one that is broken."""
    root = tmp_path_factory.mktemp('my media')
    for seed in range(4):
        write_distinct(root / f'{seed}.mp4', seed, end=12)
    write_distinct(root / 'sub dir/4 mute.mp4', 4, end=10, sound=False)
    webm = dict(video_codec='libvpx-vp9', audio_codec='libopus')
    write_distinct(root / 'copy of 1.webm', 1, 2, 11, **webm)
    (root / 'broken.mp4').write_text('nothing')
    return root


@pytest.fixture(scope='module')
def index(tmp_path_factory, media, model):
    """An index of the media; not to be changed."""
    return make_index(tmp_path_factory.mktemp('index') / 'INDEX', media, model)


def make_index(out, media, model, *options):
    main(['index', str(media), '-o', str(out), '--checkpoint', model[1], '--workers', '2'])
    return out


@pytest.fixture
def avtss_fp(capsys):
    """``avtss_fp(*arguments)``: run the command; its exit status and what it wrote."""

    def run(*arguments):
        capsys.readouterr()
        try:
            main([str(argument) for argument in arguments])
            status = 0
        except SystemExit as end:
            status = end.code
        return status, *capsys.readouterr()

    return run


def write_sound(path, seed, start, end):
    with wave.open(str(path), 'wb') as file:
        file.setnchannels(1), file.setsampwidth(2), file.setframerate(RATE)
        file.writeframes((melody(seed, start, end) * 20000).astype('<i2').tobytes())
    return path


def content(folder):
    """What is in an index, but for ids, folders and names of collections."""
    catalog = Catalog(folder / 'catalog.sqlite')
    rows = [catalog.facts['thresholds'], catalog.facts['weights_sha256']]
    rows.append([known['numbers'] for known in catalog.facts['whitening'].values()])
    for name, file in sorted(catalog.files.items()):
        for modality, track in sorted(file.tracks.items()):
            ((_, vectors),) = catalog.vectors([track])
            rows.append((name, file.stamp, modality, track.times.tobytes(), vectors.tobytes()))
    catalog.close()
    return rows


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
    best = next(csv.DictReader(io.StringIO(out)))
    assert status == 0 and list(best) == FIELDS
    assert (best['video'], best['modality']) == (str(media / '2.mp4'), 'a')
    assert abs(float(best['video_start']) - float(best['query_start']) - 3) < 0.5

    mute = write_distinct(tmp_path / 'mute.mp4', 4, 2, 9, sound=False)
    status, out, err = avtss_fp('query', mute, index)
    assert status == 0 and out.splitlines()[1].endswith(f'picture   {media}/sub dir/4 mute.mp4')

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
    for said, *arguments in (
        ('none.mp4', 'query', tmp_path / 'none.mp4', index),
        ('is not an index: "avtss-fp index" makes one', 'query', stranger, tmp_path),
        ('no audio to compare', 'query', index.parent, index, '--modality', 'a'),
        ('name the weights: --checkpoint', 'index', tmp_path, '-o', tmp_path / 'new'),
        ('is not a folder', 'index', stranger, '-o', tmp_path / 'new'),
        ('not in ', 'delete', index, tmp_path / 'none.mp4'),
    ):
        if 'no audio' in said:
            arguments[1] = write_distinct(tmp_path / 'mute.mp4', 1, end=3, sound=False)
        status, out, err = avtss_fp(*arguments)
        assert (status, out) == (2, '') and said in err.splitlines()[-1], err
        assert err.splitlines()[-1].startswith('error: ')


def test_other_weights_are_refused_with_the_command_that_helps(media, model, avtss_fp, tmp_path):
    one = tmp_path / 'media'
    one.mkdir()
    shutil.copy(media / '0.mp4', one)
    index = make_index(tmp_path / 'IN DEX', one, model)
    before = content(index)
    random_weights = ['--checkpoint', 'random', '--config', model[0]]
    command = f"avtss-fp index {one} -o '{index}' {' '.join(random_weights)} --rebuild"
    for arguments in (['query', one / '0.mp4', index], ['index', one, '-o', index]):
        status, out, err = avtss_fp(*arguments, *random_weights)
        assert status == 2 and 'weights_sha256 differ' in err and command in err
    assert content(index) == before
    status, out, err = avtss_fp('index', one, '-o', index, *random_weights, '--rebuild')
    assert status == 0 and '1 files added' in out and content(index) != before
    status, out, err = avtss_fp('query', one / '0.mp4', index)  # a config is not run unasked
    assert status == 2 and f'add --config {model[0]}' in err


def test_changes_of_the_folder_are_followed(media, model, avtss_fp, tmp_path):
    mine = tmp_path / 'media'
    shutil.copytree(media, mine)
    index = make_index(tmp_path / 'INDEX', mine, model)
    with open(index / 'unreadable.csv', newline='') as file:
        ((path, reason),) = list(csv.reader(file))[1:]
    assert path == str(mine / 'broken.mp4') and 'Invalid data' in reason
    status, out, err = avtss_fp('index', mine, '-o', index)
    assert '6 files (0 files added, 6 unchanged)' in out and '1 files could not be read' in out

    (mine / '0.mp4').unlink()
    write_distinct(mine / '2.mp4', 22, end=12)
    (mine / '3.mp4').write_text('nothing')
    write_distinct(mine / 'still.mp4', 5, end=0.08, sound=False)  # a frame: it stays on
    shutil.copy(write_sound(tmp_path / 'a.wav', 7, 0, 6), mine)
    (mine / 'broken.mp4').unlink()
    status, out, err = avtss_fp('index', mine, '-o', index)
    assert '6 files (3 files added, 3 unchanged, 2 removed)' in out
    assert 'left out (still pictures)' in out and 'still.mp4' in out
    fresh = make_index(tmp_path / 'fresh', mine, model)
    assert content(index)[3:] == content(fresh)[3:]
    status, out, err = avtss_fp('query', mine / '2.mp4', index)
    assert out.splitlines()[1].endswith(str(mine / '2.mp4'))


@pytest.mark.parametrize('backend', ['faiss', 'milvus'])
def test_delete_dedup_and_stats(backend, media, model, avtss_fp, tmp_path):
    if backend == 'milvus':
        pytest.importorskip('milvus_lite', reason='Milvus Lite is not installed')
    index = tmp_path / 'INDEX'
    options = ['--checkpoint', model[1], '--backend', backend]
    assert avtss_fp('index', media, '-o', index, *options)[0] == 0
    status, out, err = avtss_fp('dedup', index, '--json')
    (pair,) = [match for match in json.loads(out) if match['score'] > 0.8]
    names = {pair['query'], pair['video']}
    assert status == 0 and names == {str(media / '1.mp4'), str(media / 'copy of 1.webm')}
    shift = 2 if pair['query'].endswith('mp4') else -2
    assert abs(pair['query_start'] - pair['video_start'] - shift) < 1

    status, out, err = avtss_fp('delete', index, media / 'copy of 1.webm', media / 'sub dir')
    assert status == 0 and '2 files taken out, 4 left' in out
    assert avtss_fp('dedup', index, '--threshold', '0.8')[1] == 'no two files share a stretch\n'
    trimmed = write_distinct(tmp_path / 'trimmed.mp4', 1, 3, 10)
    status, out, err = avtss_fp('query', trimmed, index, '--csv')
    assert next(csv.DictReader(io.StringIO(out)))['video'] == str(media / '1.mp4')
    facts = json.loads(avtss_fp('stats', index, '--json')[1])
    assert facts['files'] == 4 and facts['video_chunks'] == facts['audio_chunks'] == 44
    assert facts['backends']['video']['backend'] == backend
    assert facts['backends']['audio']['vectors'] == 44
    assert 'thresholds' in avtss_fp('stats', index)[1]


def files_in(index):
    try:
        catalog = Catalog(index / 'catalog.sqlite')
    except UsageError:  # not there yet
        return 0
    catalog.close()
    return len(catalog.files)


def test_killed_at_any_moment_it_goes_on(media, model, avtss_fp, tmp_path):
    mine = tmp_path / 'media'
    mine.mkdir()
    for number in range(8):
        shutil.copy(media / f'{number % 4}.mp4', mine / f'{number:02d}.mp4')
    whole = content(make_index(tmp_path / 'whole', mine, model))

    index, numbers = tmp_path / 'INDEX', [0]
    for pause in (random.Random(0).uniform(0, 0.1) for _ in range(3)):
        child = os.fork()
        if child == 0:
            os.setsid()
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
            try:
                make_index(index, mine, model)
            finally:
                os._exit(0)
        while files_in(index) == numbers[-1] < 8:
            assert os.waitpid(child, os.WNOHANG) == (0, 0), 'ended before it could be killed'
            time.sleep(0.01)
        time.sleep(pause)
        os.killpg(child, signal.SIGKILL)
        os.waitpid(child, 0)
        numbers.append(files_in(index))
    assert numbers == sorted(numbers) and any(0 < number < 8 for number in numbers), numbers
    make_index(index, mine, model)
    assert content(index) == whole


def test_one_process_at_a_time_changes_an_index(index, media, avtss_fp):
    from avtss_mm.fingerprint.index import FingerprintIndex

    with FingerprintIndex(index, write=True):
        status, out, err = avtss_fp('index', media, '-o', index)
        assert status == 2 and 'locked' in err
        assert avtss_fp('stats', index)[0] == 0  # others may read


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
