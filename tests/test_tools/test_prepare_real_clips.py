"""A few real files in the layouts of the data sets, and the lists of a study made from them."""

import runpy

import pytest
from helpers.commands import ROOT
from helpers.official_layouts import write_esc50

from avtss_mm.media import load_manifest

UCF = dict(train=('Bowling/v_Bowling_g01_c01', 'Archery/v_Archery_g02_c01'),
           test=('Bowling/v_Bowling_g01_c02', 'Archery/v_Archery_g02_c02'))  # fmt: skip
VIDEOS = {
    'vggsound_mini/video/aaa_000001.mp4': 5.5,
    'vggsound_mini/video/bbb_000002.mp4': 5.5,
    'vggsound_mini/video/ccc_000003.mp4': 1,
    'kinetics_mini/train/yoga/ddd_000000_000010.mp4': 1,
    'kinetics_mini/val/yoga/eee_000000_000010.mp4': 1,
    'hmdb_mini/videos/wave/fff.avi': 1,
    'video_fp/ref/r00.mp4': 1,
    'video_fp/query/q_r00_crop.mp4': 1,
}


@pytest.fixture(scope='module')
def prepare():
    return runpy.run_path(str(ROOT / 'tools/data/prepare_real_clips.py'))['main']


@pytest.fixture(scope='module')
def samples(tmp_path_factory, make_video):
    root = tmp_path_factory.mktemp('samples')
    videos = {f'ucf_mini/UCF-101/{name}.avi': 1 for names in UCF.values() for name in names}
    for seed, (name, duration) in enumerate({**VIDEOS, **videos}.items()):
        make_video(root / name, duration=duration, fps=10, size=(48, 64), audio='tone', seed=seed)
    (root / 'ucf_mini/extra').mkdir()
    for part, names in UCF.items():
        lines = (f'{name}.avi' + ' 1' * (part == 'train') for name in names)
        (root / f'ucf_mini/extra/clip_{part}list.txt').write_text('\n'.join(lines) + '\n')
    (root / 'vggsound_mini/vggsound.csv').write_text(
        'aaa,1,dog,train\nbbb,2,dog,test\nccc,3,dog,test\nabsent,3,dog,test\n'
    )
    (root / 'video_fp/ground_truth.csv').write_text(
        'query,ref,transform,offset_s\nq_r00_crop.mp4,r00.mp4,crop,0\n'
    )
    write_esc50(root / 'esc10_mini')
    return root


def test_lists(samples, prepare, tmp_path, capsys):
    out = tmp_path / 'out'
    for _ in range(2):  # a second time as well
        prepare([str(samples), str(out), '--workers', '1'])
    said = capsys.readouterr().out
    assert 'train 5, held_out 5, long 1, ucf_train 2, ucf_test 2; esc10 10 lists' in said
    assert '3 references, 1 copies' in said
    lists = {path.stem: load_manifest(path) for path in out.glob('*.json')}
    rows = {name: {row['filename'] for row in rows} for name, (rows, _) in lists.items()}
    assert not rows['train'] & (rows['held_out'] | rows['ucf_test'])
    assert rows['ucf_test'] < rows['held_out'] and rows['ucf_train'] < rows['train']
    assert rows['long'] == {'samples/vggsound_mini/video/bbb_000002.mp4'}
    assert 'samples/kinetics_mini/val/yoga/eee_000000_000010.mp4' in rows['held_out']
    assert all((out / name).is_file() for names in rows.values() for name in names)
    ucf, info = lists['ucf_train']
    assert [info['classes'][row['label']] for row in ucf] == ['Bowling', 'Archery']
    assert not any('group' in row for row in ucf)  # clips of one group are in both parts
    assert len(rows['esc10_train_fold2']) == 16 and len(rows['esc10_test_fold2']) == 4
    (asked,), _ = load_manifest(out / 'copies/fingerprint/queries.json', allow_outside=True)
    assert asked['source'][0].endswith('video_fp/ref/r00.mp4')


def test_samples_that_are_not_there(prepare, tmp_path):
    with pytest.raises(SystemExit, match='error: .*vggsound_mini is not there'):
        prepare([str(tmp_path), str(tmp_path / 'out')])
    assert not (tmp_path / 'out').exists()
