import importlib.util
import json
import shlex
import sys
from pathlib import Path

import numpy as np
import pytest

from avtss_mm.media import open_media, probe
from avtss_mm.toy import make_world, synthesise

SCRIPT = Path(__file__).parents[2] / 'tools/data/make_toy_dataset.py'
SMALL = ['--num-videos', '17', '--num-test', '2', '--seed', '3', '--duration', '2']


@pytest.fixture(scope='module')
def tool():
    spec = importlib.util.spec_from_file_location('make_toy_dataset', SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # the workers find write_one by this name
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


@pytest.fixture(scope='module')
def toy_set(tool, tmp_path_factory):
    out = tmp_path_factory.mktemp('toy set')
    assert tool.main([str(out), *SMALL, '--workers', '2']) == 0
    return out


def test_the_next_command_can_be_pasted(tool, toy_set, capsys):
    assert ' ' in str(toy_set)
    assert tool.main([str(toy_set), *SMALL]) == 0
    command = capsys.readouterr().out.split('Next: ')[1]
    assert shlex.split(command)[-2:] == ['--cfg-options', f'data_root={toy_set}']


def rows(out, split):
    return json.loads((out / f'{split}.json').read_text())['data_list']


def test_manifest_tells_the_truth(toy_set):
    metainfo = json.loads((toy_set / 'train.json').read_text())['metainfo']
    train, test = rows(toy_set, 'train'), rows(toy_set, 'test')
    assert [len(train), len(test)] == [17, 2]
    assert sorted(row['label'] for row in train) == sorted([*range(16), 0])
    assert not list(toy_set.glob('.*'))
    for row in (*train, *test):
        motion, timbre = metainfo['classes'][row['label']].split('-')
        assert row['filename'].endswith(f'_{motion}-{timbre}.mp4')
        assert row['label'] == 4 * row['motion'] + row['timbre']
    for row in train[::6]:
        found = probe(toy_set / row['filename'])
        for key in set(found) & set(row) - {'filename'}:
            assert found[key] == pytest.approx(row[key], abs=0.05), key


def test_same_arguments_same_files_for_any_number_of_workers(tool, toy_set, tmp_path):
    assert tool.main([str(tmp_path), *SMALL, '--workers', '1']) == 0
    for split in ('train', 'test'):
        assert rows(tmp_path, split) == rows(toy_set, split)
        for row in rows(toy_set, split):
            name = row['filename']
            assert (tmp_path / name).read_bytes() == (toy_set / name).read_bytes()


def test_splits_and_seeds_differ(tool, toy_set, tmp_path):
    train, test = (toy_set / rows(toy_set, split)[0]['filename'] for split in ('train', 'test'))
    assert train.name == test.name and train.read_bytes() != test.read_bytes()
    arguments = [*SMALL, '--num-videos', '1', '--num-test', '0', '--seed', '4']
    assert tool.main([str(tmp_path), *arguments, '--workers', '1']) == 0
    other = tmp_path / rows(tmp_path, 'train')[0]['filename']
    assert other.read_bytes() != train.read_bytes()


def test_sound_in_the_file_is_where_it_was_made(toy_set):
    row = rows(toy_set, 'train')[5]
    made = synthesise(make_world(row['label'], np.random.SeedSequence([3, 0, 5]), 2.0))
    with open_media(toy_set / row['filename']) as reader:
        read = reader.read([], [(0.0, 2.0)], 16000).audio[0]
    size = 2 * len(made)
    match = np.fft.irfft(np.fft.rfft(read, size) * np.conj(np.fft.rfft(made, size)), size)
    lag = (np.argmax(match) + len(made)) % size - len(made)
    assert abs(lag) < 0.002 * 16000


def test_complete_set_is_reused_and_a_damaged_one_is_not(tool, toy_set, capsys):
    path = toy_set / rows(toy_set, 'train')[0]['filename']
    before = path.stat().st_mtime_ns
    assert tool.main([str(toy_set), *SMALL]) == 0
    assert 'nothing to do' in capsys.readouterr().out
    assert path.stat().st_mtime_ns == before
    content = path.read_bytes()
    path.unlink()
    assert tool.main([str(toy_set), *SMALL]) == 0
    assert path.read_bytes() == content


def test_other_arguments_do_not_replace_a_set_unasked(tool, toy_set, capsys):
    other = [*SMALL, '--seed', '5']
    before = (toy_set / 'train.json').read_text()
    assert tool.main([str(toy_set), *other]) == 1
    assert '--overwrite' in capsys.readouterr().err
    assert (toy_set / 'train.json').read_text() == before


@pytest.mark.parametrize(
    'wrong',
    [['--num-videos', '0'], ['--size', '129'], ['--size', '62'], ['--duration', '0.2']],
)
def test_wrong_arguments_stop_at_once(tool, tmp_path, wrong):
    with pytest.raises(SystemExit):
        tool.main([str(tmp_path / 'none'), *wrong])
    assert not (tmp_path / 'none').exists()


def test_a_file_is_no_folder(tool, tmp_path):
    (tmp_path / 'file').touch()
    with pytest.raises(SystemExit, match='Not a directory'):
        tool.main([str(tmp_path / 'file'), *SMALL])
