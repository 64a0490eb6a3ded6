"""Real copies with a list of their sources: a user's CSV, or that of VSC 2022."""

import csv
import json

import pytest

VSC = 'query_id,ref_id,query_start,query_end,ref_start,ref_end'
REFERENCES = {'ref/r0.mp4': 'sound.mp4', 'ref/deep/r1.avi': 'sound.avi', 'more/r2.mp4': 'mute.mp4'}


@pytest.fixture
def prepare(tmp_path, lay_out, lines, run_tool):
    """``prepare(files, *lines of the ground truth)``; returns the output."""

    def run(files, *truth, references=('ref', 'more')):
        lay_out(tmp_path, {**REFERENCES, **files}, {'truth.csv': lines(*truth)})
        return run_tool(
            'prepare_copies', '--references', *(tmp_path / name for name in references),
            '--queries', tmp_path / 'query', '--ground-truth', tmp_path / 'truth.csv',
            '-o', tmp_path / 'out', '--workers', 1,
        )  # fmt: skip

    return run


def read(root, name):
    rows = json.loads((root / name).read_text())['data_list']
    return {row['filename'].rpartition('/')[2]: row for row in rows}


def test_a_list_of_ones_own(prepare, tmp_path):
    files = {f'query/{name}.mp4': 'sound.mp4' for name in ('cut', 'flip', 'other', 'lost')}
    files |= {'query/mute.mp4': 'mute.mp4', 'query/bad.mp4': 'broken.mp4'}
    out = prepare(
        files, 'query,ref,transform,offset_s,speed', 'cut.mp4,r0.mp4,trim,0.25,', 'flip,r1,,,',
        'mute,r2.mp4,slow,0,0.5', 'other,,,,', 'lost,r9.mp4,flip,0,', 'bad,r0,flip,0,',
        'gone,r0,flip,0,',
    )  # fmt: skip
    assert 'config of the network that CKPT is of (of the demo: configs/demo/fingerprint' in out
    gallery, queries = (
        read(tmp_path / 'out', name) for name in ('test.json', 'fingerprint/queries.json')
    )
    assert list(gallery) == ['r2.mp4', 'r1.avi', 'r0.mp4']
    assert (tmp_path / 'out' / gallery['r0.mp4']['filename']).samefile(tmp_path / 'ref/r0.mp4')
    assert set(queries) == {'cut.mp4', 'flip.mp4', 'other.mp4', 'mute.mp4'}
    cut, flip, mute = (queries[f'{name}.mp4'] for name in ('cut', 'flip', 'mute'))
    assert (tmp_path / 'out/fingerprint' / cut['filename']).exists()
    assert cut['source'] == [gallery['r0.mp4']['filename']]
    assert (cut['distortion'], cut['severity']) == ('trim', 1)
    times = ('query_start', 'query_end', 'offset', 'speed')
    assert [cut[name] for name in times] == [0, cut['duration'], 0.25, 1]
    assert [mute[name] for name in times] == [0, mute['duration'], 0, 0.5]
    assert flip['source'] == [gallery['r1.avi']['filename']] and flip['distortion'] == 'copy'
    assert 'offset' not in flip and not {'source', 'distortion'} & set(queries['other.mp4'])
    with open(tmp_path / 'out/rejects.csv', newline='') as file:
        rejects = [(row['side'], row['filename']) for row in csv.DictReader(file)]
    bad = next(name for _, name in rejects if 'bad' in name)
    assert set(rejects) == {
        ('query', bad), ('query', 'bad'), ('query', 'gone'), ('reference', 'r9.mp4')
    }  # fmt: skip
    found = [' '.join(line.split()) for line in out.splitlines()]
    assert found[0] == 'references 3 3 of them with copies'
    assert found[1] == 'queries 4 3 copies, 2 with a known place; 1 negative'
    assert 'r9.mp4 (no such file' in found[2]
    assert 'configs/fingerprint/r2plus1d_vggsound.py CKPT' in found[-1]
    assert f'data_root={tmp_path / "out"} test_evaluator.held_out=0' in found[-1]


def test_the_list_of_the_video_similarity_challenge(prepare, tmp_path):
    files = {f'query/Q{number}.mp4': 'sound.mp4' for number in (1, 2, 3)}
    out = prepare(
        files, VSC, 'Q1,r0,0.2,0.8,10,11.2', 'Q2,r0,0,0.4,1,1.4', 'Q2,r1,0.4,0.8,0,0.4',
        'Q3,r0,0,0.4,1,1.4', 'Q3,r2,0,0.4,1,1.4',
    )  # fmt: skip
    first, several, twins = read(tmp_path / 'out', 'fingerprint/queries.json').values()
    assert [first[name] for name in ('query_start', 'query_end')] == [0.2, 0.8]
    assert (first['speed'], first['offset']) == pytest.approx((2, 9.6))
    assert len(several['source']) == len(twins['source']) == 2
    assert 'offset' not in several and twins['offset'] == 1  # the gallery may have duplicates
    assert 'copies of several places, of which none counts: ' in out and 'Q2.mp4' in out


def test_sounds_have_a_config_of_their_own(prepare, tmp_path):
    files = {'query/q.wav': 'sound.wav', 'sounds/r3.wav': 'sound.wav'}
    out = prepare(files, 'query,ref', 'q,r3', references=['sounds'])
    assert 'configs/fingerprint/spectrogram_resnet_vggsound.py' in out
    assert 'no picture' not in out
    out = prepare(files, 'query,ref', 'q,r3', references=['sounds', 'ref'])
    assert '2 files have no picture: only their sound can be compared' in out


@pytest.mark.parametrize(
    'truth, message',
    [
        (['name,source', 'q,r0'], 'has the columns name, source; it needs query, ref'),
        (['query_id,ref_id', 'q,r0'], 'no column query_start'),
        ([VSC, 'q,r0,0,1,2,x'], 'line 2.*x'),
        (['query,ref,offset_s', 'q,r0,soon'], 'line 2: .*soon'),
        (['query,ref', ',r0'], 'line 2 names no query'),
        (['query,ref', 'q,r7'], 'rejects.csv says what was not found'),
    ],
)
def test_says_what_is_wrong(prepare, truth, message):
    with pytest.raises(SystemExit, match=f'error: .*{message}'):
        prepare({'query/q.mp4': 'sound.mp4'}, *truth)
