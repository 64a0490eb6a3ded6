"""UCF101, HMDB51 and Kinetics in their official form."""

import csv

import pytest


def test_ucf101(tmp_path, lay_out, lines, run_tool, read_split):
    """CRLF, labels from 1, test lists without labels, a folder spelt differently from its files."""
    stand = 'HandstandPushups/v_HandStandPushups'
    root = lay_out(
        tmp_path,
        files={
            'UCF-101/Archery/v_Archery_g01_c01.avi': 'sound.avi',
            'UCF-101/Archery/v_Archery_g01_c02.mp4': 'mute.mp4',  # resized: another suffix
            f'UCF-101/{stand}_g02_c01.avi': 'sound.avi',
            f'UCF-101/{stand}_g03_c01.avi': 'broken.mp4',
            'UCF-101/Archery/v_Archery_g09_c01.avi': 'sound.avi',  # in no list
        },
        lists={
            'ucfTrainTestlist/classInd.txt': lines('1 Archery', '2 HandstandPushups'),
            'ucfTrainTestlist/trainlist01.txt': lines(
                'Archery/v_Archery_g01_c01.avi 1',
                'Archery/v_Archery_g01_c02.avi 1',
                f'{stand}_g02_c01.avi 2',
                f'{stand}_g04_c01.avi 2',
            ),
            'ucfTrainTestlist/testlist01.txt': lines(
                f'{stand}_g02_c01.avi', f'{stand}_g03_c01.avi'
            ),
            'ucfTrainTestlist/testlist02.txt': lines('Archery/v_Archery_g01_c01.avi'),
        },
    )  # fmt: skip
    out = run_tool('prepare_ucf101', root, '--workers', 2)
    archery, handstand = 'Archery', 'HandstandPushups'
    assert read_split(root, 'train_split1') == (
        [archery, handstand],
        [
            ('UCF-101/Archery/v_Archery_g01_c01.avi', archery, 'Archery_g01'),
            ('UCF-101/Archery/v_Archery_g01_c02.mp4', archery, 'Archery_g01'),
            (f'UCF-101/{stand}_g02_c01.avi', handstand, 'HandstandPushups_g02'),
        ],
    )
    test = [(f'UCF-101/{stand}_g02_c01.avi', handstand, 'HandstandPushups_g02')]
    assert read_split(root, 'test_split1')[1] == test
    assert len(read_split(root, 'test_split2')[1]) == 1
    assert not (root / 'train_split2.json').exists()
    with open(root / 'rejects.csv', newline='') as file:
        rejects = [(row['filename'], row['split']) for row in csv.DictReader(file)]
    assert rejects == [
        (f'{stand}_g04_c01.avi', 'train_split1'),
        (f'UCF-101/{stand}_g03_c01.avi', 'test_split1'),
    ]
    words = [line.split() for line in out.splitlines()]
    header = 'split listed found missing broken no sound kept min median max'
    assert words[0] == header.split()
    assert words[1] == 'train_split1 4 3 1 0 1 3 1 1.5 2'.split()
    assert words[2] == 'test_split1 2 2 0 1 0 1 0 0.5 1'.split()
    assert 'test_split1: 1 of 2 classes without a clip: Archery' in out
    assert 'trainlist02.txt; trainlist03.txt; testlist03.txt' in out
    assert 'media files in no list: 1' in out
    assert 'Archery,2,0,1' in (root / 'classes.csv').read_text()


GOALKEEPER = 'catch/Goalkeeper_Training_Day_#_2_catch_f_cm_np1_ba_bad_3.avi'
GOAL = 'kick_ball/Goal 1 & 2 (again!)_kick_ball_f_cm_np10_ri_med_3.avi'
KICK = 'kick/Goal 1 & 2 (again!)_kick_f_cm_np1_ri_med_0.avi'


@pytest.mark.parametrize('folder', ['videos/', 'hmdb51_org/', ''])
def test_hmdb51(tmp_path, lay_out, run_tool, read_split, folder):
    """``#``, ``&``, parentheses and blanks in names; 0, 1, 2; a blank at the end of each line."""
    uses = {'1': (1, 2, 0), '2': (2, 1, 1), '3': (0, 0, 0)}
    root = lay_out(
        tmp_path,
        files={folder + name: 'sound.avi' for name in (GOALKEEPER, GOAL, KICK)},
        lists={
            f'testTrainMulti_7030_splits/{name.split("/")[0]}_test_split{number}.txt': (
                f'{name.split("/")[1]} {use} \n'
            )
            for number in uses
            for name, use in zip((GOALKEEPER, GOAL, KICK), uses[number])
        },
    )
    run_tool('prepare_hmdb51', root)
    classes, train = read_split(root, 'train_split1')
    assert classes == ['catch', 'kick', 'kick_ball']
    assert train == [(folder + GOALKEEPER, 'catch', 'Goalkeeper_Training_Day_#_2')]
    goal = (folder + GOAL, 'kick_ball', 'Goal 1 & 2 (again!)')
    assert read_split(root, 'test_split1')[1] == [goal]
    kick = (folder + KICK, 'kick', 'Goal 1 & 2 (again!)')
    assert read_split(root, 'train_split2')[1] == [kick, goal]
    assert not (root / 'train_split3.json').exists()


HEADER = 'label,youtube_id,time_start,time_end,split'


@pytest.mark.parametrize('name', ['kinetics400', 'kinetics600'])
def test_kinetics(tmp_path, lay_out, lines, run_tool, read_split, name):
    """Ids with ``-`` and ``_``, quoted labels, class folders in two spellings or none."""
    files = [
        'train/cutting pineapple/-a_b-000001_000005_000015.mp4',
        'train/pull_ups/abcdefghij__000120_000130.webm',
        'train/abcdefghijk_000007_000017.mkv',
        'val/abcdefghijk_000007_000017.mp4',
    ]
    root = lay_out(
        tmp_path,
        files=dict.fromkeys(files, 'sound.mp4'),
        lists={
            'annotations/train.csv': lines(
                HEADER,
                '"tasting, or drinking, beer",abcdefghijk,7,17,train',
                'cutting pineapple,-a_b-000001,5,15,train',
                'pull ups,abcdefghij_,120,130,train',
            ),
            'kinetics_val/validate.csv': lines(HEADER, 'pull ups,abcdefghijk,7,17,validate'),
            'test.csv': lines('youtube_id,time_start,time_end,split', 'zzzzzzzzzzz,0,10,test'),
            'notes.csv': 'a,b\n1,2\n',
        },
    )
    out = run_tool(f'prepare_{name}', root)
    classes, train = read_split(root, 'train')
    assert classes == ['cutting pineapple', 'pull ups', 'tasting, or drinking, beer']
    assert train == [
        (files[2], 'tasting, or drinking, beer', 'abcdefghijk'),
        (files[0], 'cutting pineapple', '-a_b-000001'),
        (files[1], 'pull ups', 'abcdefghij_'),
    ]
    assert read_split(root, 'val')[1] == [(files[3], 'pull ups', 'abcdefghijk')]
    assert not (root / 'test.json').exists()
    assert 'zzzzzzzzzzz_000000_000010,no such file,test' in (root / 'rejects.csv').read_text()
    assert out.splitlines()[-1] == (
        f'wrote rejects.csv, classes.csv and {{train,val}}.json to {root}'
    )


def test_kinetics_test_list_without_labels(tmp_path, lay_out, lines, run_tool, read_split):
    root = lay_out(
        tmp_path,
        files={'test/zzzzzzzzzzz_000000_000010.mp4': 'sound.mp4'},
        lists={'test.csv': lines('youtube_id,time_start,time_end,split', 'zzzzzzzzzzz,0,10,test')},
    )
    out = run_tool('prepare_kinetics600', root)
    expected = ('test/zzzzzzzzzzz_000000_000010.mp4', None, 'zzzzzzzzzzz')
    assert read_split(root, 'test') == ([], [expected])
    assert 'train.csv; val.csv' in out
