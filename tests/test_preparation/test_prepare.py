"""Common to all preparations: repeated runs, lists in other folders, and mistakes."""

import json
import os
from pathlib import Path

import pytest

from avtss_mm.preparation.files import find_file, index_files

NAMES = ['aaa_000000.mp4', 'bbb_000000.mp4']
LIST = 'aaa,0,dog,train\nbbb,0,cat,train\n'


@pytest.fixture
def root(tmp_path, lay_out):
    files = dict.fromkeys([f'video/{name}' for name in NAMES], 'sound.mp4')
    return lay_out(tmp_path / 'data set', files, {'lists/vggsound.csv': LIST})


def test_a_second_run_probes_only_what_has_changed(root, run_tool):
    run_tool('prepare_vggsound', root)
    before = (root / 'train.json').read_text()
    cache = root / '.probe_cache.jsonl'
    entries = [json.loads(line) for line in cache.read_text().splitlines()]
    assert len(entries) == 2
    for entry in entries:
        entry['row']['duration'] = 777  # to see which rows come from the cache
    cache.write_text('\n'.join(map(json.dumps, entries)) + '\n')
    os.utime(root / 'video' / NAMES[0], ns=(1, 1))
    run_tool('prepare_vggsound', root)
    rows = json.loads((root / 'train.json').read_text())['data_list']
    assert [row['duration'] for row in rows] == [1.0, 777]
    cache.unlink()
    run_tool('prepare_vggsound', root)
    assert (root / 'train.json').read_text() == before
    assert sorted(path.name for path in root.iterdir()) == sorted(
        ['.probe_cache.jsonl', 'classes.csv', 'lists', 'rejects.csv', 'train.json', 'video']
    )


def test_lists_elsewhere(root, tmp_path, run_tool):
    (root / 'lists').rename(tmp_path / 'elsewhere')
    with pytest.raises(SystemExit, match='there is no vggsound.csv in'):
        run_tool('prepare_vggsound', root)
    run_tool('prepare_vggsound', root, '--annotations', tmp_path / 'elsewhere')
    assert (root / 'train.json').exists()


@pytest.mark.parametrize(
    ('name', 'expected'),
    [
        ('ucf101', 'no classInd.txt .* expected .*ucfTrainTestlist/.*crcv.ucf.edu'),
        ('hmdb51', 'no list .* expected .*_test_split.*serre-lab'),
        ('esc50', 'no esc50.csv .* expected .*meta/esc50.csv.*ESC-50'),
        ('kinetics400', 'no list .* expected .*csv.*kinetics-dataset'),
        ('kinetics600', 'no list .* expected .*csv.*kinetics-dataset'),
        ('vggsound', 'no vggsound.csv .* expected .*vggsound'),
        ('audioset', 'no class_labels_indices.csv .* expected .*audioset'),
    ],
)
def test_lists_that_are_absent(tmp_path, run_tool, name, expected):
    with pytest.raises(SystemExit, match=f'^error: .*{expected}.*tools/data/README.md'):
        run_tool(f'prepare_{name}', tmp_path)
    with pytest.raises(SystemExit, match='absent is not a folder'):
        run_tool(f'prepare_{name}', tmp_path / 'absent')


def test_no_file_of_the_lists(tmp_path, lay_out, run_tool):
    lay_out(tmp_path, {NAMES[0]: 'broken.mp4'}, {'vggsound.csv': LIST})
    expected = (
        'none of 2 listed files can be used.*rejects.csv.*expected .*<id>_<start>.mp4.*README'
    )
    with pytest.raises(SystemExit, match=f'^error: {expected}'):
        run_tool('prepare_vggsound', tmp_path)
    rejects = (tmp_path / 'rejects.csv').read_text()
    assert f'{NAMES[0]},Invalid data' in rejects
    assert 'bbb_000000,no such file,train' in rejects
    assert not (tmp_path / 'train.json').exists()


@pytest.mark.parametrize(
    ('name', 'lists'),
    [
        ('vggsound', {'vggsound.csv': 'aaa,zero,dog,train\n'}),
        ('vggsound', {'vggsound.csv': 'aaa,0,dog,holdout\n'}),
        ('kinetics400', {'train.csv': 'youtube_id,time_start,time_end,split\na,0,,train\n'}),
        ('esc50', {'esc50.csv': 'file,fold\na,1\n'}),
        ('ucf101', {'classInd.txt': '1 A\n', 'trainlist01.txt': 'B/v_B_g01_c01.avi 2\n'}),
        ('hmdb51', {'catch_test_split1.txt': 'a.avi 7\n'}),
        (
            'audioset',
            {
                'class_labels_indices.csv': 'index,mid,display_name\n0,/m/0,A\n',
                'eval_segments.csv': 'a, 0, 10, "/m/1"\n',
            },
        ),
    ],
)
def test_lists_in_another_form_are_named(tmp_path, lay_out, run_tool, name, lists):
    lay_out(tmp_path, lists=lists)
    with pytest.raises(SystemExit, match=f'^error: .*{list(lists)[-1]}, line [12] is not in'):
        run_tool(f'prepare_{name}', tmp_path)


def test_which_file_is_meant():
    index = index_files(
        ['b/A/x.mp4', 'b/A/x.avi', 'b/B/x.avi', 'a/deep/er/A/x.avi', 'a/AA/y.avi', 'c/val/z.mp4']
        + ['a/z.mp4', 'name.with.dots.MP4', 'b/no_suffix_000001.mkv']
    )
    assert find_file(index, ['A/x.avi']) == 'b/A/x.avi'
    assert find_file(index, ['B/x.webm']) == 'b/B/x.avi'
    assert find_file(index, ['A/y.avi']) is None
    assert find_file(index, ['z'], 'val') == 'c/val/z.mp4'
    assert find_file(index, ['z'], 'train') == 'a/z.mp4'
    assert find_file(index, ['name.with.dots.avi']) == 'name.with.dots.MP4'
    assert find_file(index, ['name.with']) is None
    assert find_file(index, ['absent', 'no_suffix_000001']) == 'b/no_suffix_000001.mkv'


REAL = Path(__file__).parents[3] / 'shared/data/annotations'


@pytest.mark.skipif(not REAL.is_dir(), reason='no official lists here')
def test_official_lists():
    from avtss_mm.preparation.sound_lists import read_esc50
    from avtss_mm.preparation.video_lists import read_hmdb51, read_kinetics, read_ucf101

    ucf101, hmdb51 = read_ucf101(REAL), read_hmdb51(REAL)
    sizes = {split: len(clips) for split, clips in ucf101.splits.items()}
    assert len(ucf101.classes) == 101
    assert (sizes['train_split1'], sizes['test_split1']) == (9537, 3783)
    assert (sizes['train_split3'], sizes['test_split3']) == (9624, 3696)
    assert len(hmdb51.classes) == 51
    for number in '123':
        train, test = (hmdb51.splits[f'{part}_split{number}'] for part in ('train', 'test'))
        assert (len(train), len(test)) == (3570, 1530)
        assert all('_np' not in clip.row['group'] for clip in train + test)
    groups = [{clip.row['group'] for clip in ucf101.splits[f'{part}_split1']}
              for part in ('train', 'test')]  # fmt: skip
    assert groups[0].isdisjoint(groups[1])
    esc50 = read_esc50(REAL)
    assert len(esc50.classes) == 50 and len(esc50.splits) == 10
    assert len(esc50.splits['test_fold5']) == 400
    kinetics = read_kinetics(REAL / 'kinetics')
    assert len(kinetics.classes) == 400 and len(kinetics.splits['val']) == 19839
