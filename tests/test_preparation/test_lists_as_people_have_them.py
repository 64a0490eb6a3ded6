"""Official lists changed by other programs, and files named by other scripts."""

import unicodedata

import pytest

UCF = 'UCF-101/Archery/v_Archery_g0{}_c01.avi'


@pytest.mark.parametrize(
    'form',
    ['\ufeff{}', 'Archery\\{}', '/data/my ucf/UCF-101/Archery/{}', 'C:\\UCF-101\\Archery\\{}'],
    ids=['BOM', 'backslashes', 'absolute', 'Windows'],
)
def test_ucf101(tmp_path, lay_out, run_tool, read_split, form):
    first = '\ufeff' if form.startswith('\ufeff') else ''
    form = form.replace('\ufeff', 'Archery/')
    train, test = (form.format(f'v_Archery_g0{number}_c01.avi') for number in (1, 2))
    root = lay_out(
        tmp_path,
        files={UCF.format(1): 'sound.avi', UCF.format(2): 'mute.mp4'},
        lists={
            'ucfTrainTestlist/classInd.txt': f'{first}1 Archery\n',
            'ucfTrainTestlist/trainlist01.txt': f'{first}{train} 1\n',
            'ucfTrainTestlist/testlist01.txt': f'{first}{test}\n',
        },
    )
    run_tool('prepare_ucf101', root)
    for number, split in enumerate(['train_split1', 'test_split1'], 1):
        classes, rows = read_split(root, split)
        assert rows == [(UCF.format(number), 'Archery', f'Archery_g0{number}')]


@pytest.mark.parametrize('name', ['{}_30', '{}_000030', '{}_30000_40000'])
def test_names_of_vggsound(tmp_path, lay_out, run_tool, read_split, name):
    file = f'video/{name.format("--0PQM4-hqg")}.mp4'
    lists = {'vggsound.csv': '--0PQM4-hqg,30,"waterfall burbling",train\n'}
    root = lay_out(tmp_path, files={file: 'sound.mp4'}, lists=lists)
    run_tool('prepare_vggsound', root)
    assert read_split(root, 'train')[1] == [(file, 'waterfall burbling', '--0PQM4-hqg')]


def test_the_other_unicode_form_and_another_suffix(tmp_path, lay_out, run_tool, read_split):
    """A list from Linux, files from macOS, one of them with an unknown suffix."""
    name = 'Café_brush_hair_f_cm_np1_ba_goo_0.avi'
    disk = 'brush_hair/' + unicodedata.normalize('NFD', name).replace('avi', 'mp4v')
    lists = {'splits/brush_hair_test_split1.txt': unicodedata.normalize('NFC', name) + ' 1\n'}
    root = lay_out(tmp_path, files={disk: 'sound.mp4'}, lists=lists)
    with pytest.raises(SystemExit, match=r'not looked into: 1 file of .*--suffixes \.mp4v'):
        run_tool('prepare_hmdb51', root)
    run_tool('prepare_hmdb51', root, '--suffixes', '.mp4v')
    assert [row[0] for row in read_split(root, 'train_split1')[1]] == [disk]


def test_a_folder_that_cannot_be_written_to(tmp_path, lay_out, run_tool, read_only):
    lists = {'vggsound.csv': 'abc,30,waterfall,train\n'}
    root = lay_out(tmp_path, files={'abc_30.mp4': 'sound.mp4'}, lists=lists)
    with read_only(*root.iterdir()) as folder, pytest.raises(SystemExit) as error:
        run_tool('prepare_vggsound', folder)
    assert str(error.value).startswith(
        f'error: {folder} cannot be written to (Permission denied): make a folder elsewhere'
    )
