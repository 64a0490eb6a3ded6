"""ESC-50, VGG-Sound and AudioSet in their official form."""

import json


def test_esc50(tmp_path, lay_out, lines, run_tool, read_split):
    """Audio only; a subset of the classes; silent files are dropped, a single click is not."""
    root = lay_out(
        tmp_path,
        files={
            'audio/1-100-A-0.wav': 'sound.wav',
            'audio/1-100-B-0.wav': 'click.wav',
            'audio/2-200-A-41.wav': 'sound.wav',
            'audio/2-300-A-41.wav': 'silence.wav',
        },
        lists={
            'meta/esc50.csv': lines(
                'filename,fold,target,category,esc10,src_file,take',
                '1-100-A-0.wav,1,0,dog,True,100,A',
                '1-100-B-0.wav,1,0,dog,True,100,B',
                '2-200-A-41.wav,2,41,chainsaw,True,200,A',
                '2-300-A-41.wav,2,41,chainsaw,True,300,A',
                '2-400-A-41.wav,2,41,chainsaw,True,400,A',
            ),
        },
    )
    out = run_tool('prepare_esc50', root)
    dogs = [('audio/1-100-A-0.wav', 'dog', '100'), ('audio/1-100-B-0.wav', 'dog', '100')]
    saws = [('audio/2-200-A-41.wav', 'chainsaw', '200')]
    classes = ['dog', 'chainsaw']
    assert read_split(root, 'train_fold1') == read_split(root, 'test_fold2') == (classes, saws)
    assert read_split(root, 'train_fold2') == read_split(root, 'test_fold1') == (classes, dogs)
    rows = json.loads((root / 'test_fold1.json').read_text())['data_list']
    assert [(row['silent'], row['has_audio'], row['duration']) for row in rows] == [
        (False, True, 5.0)
    ] * 2
    assert (root / 'rejects.csv').read_text().splitlines()[1:] == [
        f'audio/2-{name}-A-41.wav,{reason},{split}'
        for split in ('train_fold1', 'test_fold2')
        for name, reason in (('300', 'no sound'), ('400', 'no such file'))
    ]
    assert out.splitlines()[1].split() == 'train_fold1 3 2 1 0 1 1 0 0.5 1'.split()


def test_vggsound(tmp_path, lay_out, lines, run_tool, read_split):
    """No header, quoted labels with commas, ids with ``-`` and ``_``, any folder structure."""
    root = lay_out(
        tmp_path,
        files={
            'video/part 1/-a_b-000001_000030.mp4': 'sound.mp4',
            'abcdefghijk_000007.webm': 'mute.mp4',
        },
        lists={
            'vggsound.csv': lines(
                '-a_b-000001,30,"railroad car, train wagon",train',
                'abcdefghijk,7,duck quacking,test',
                'abcdefghijk,70,duck quacking,train',
            )
        },
    )
    out = run_tool('prepare_vggsound', root)
    assert read_split(root, 'train') == (
        ['duck quacking', 'railroad car, train wagon'],
        [('video/part 1/-a_b-000001_000030.mp4', 'railroad car, train wagon', '-a_b-000001')],
    )
    test = [('abcdefghijk_000007.webm', 'duck quacking', 'abcdefghijk')]
    assert read_split(root, 'test')[1] == test
    assert out.splitlines()[2].split() == 'test 1 1 0 0 1 1 0 0.5 1'.split()
    assert 'abcdefghijk_000070,no such file,train' in (root / 'rejects.csv').read_text()


SEGMENTS = """# Segments csv created Sun Mar  5 10:54:31 2017
# num_ytids=5, num_segs=5, num_unique_labels=3, num_positive_labels=7
# YTID, start_seconds, end_seconds, positive_labels
"""


def test_audioset(tmp_path, lay_out, run_tool, read_split):
    """Comments, blanks after commas, several labels; file names of download scripts."""
    names = ['--a_000030.mp4', 'eval/b_b_70.mkv', 'x/y/Yccc.mp4', 'ddd.webm', 'eee_000000.mp4']
    root = lay_out(
        tmp_path,
        files=dict.fromkeys(names, 'sound.mp4'),
        lists={
            'class_labels_indices.csv': 'index,mid,display_name\n0,/m/09x0r,"Speech"\n'
            '1,/m/05zppz,"Male speech, man speaking"\n2,/t/dd00125,"Bark"\n',
            'balanced_train_segments.csv': SEGMENTS + 'ccc, 0.000, 10.000, "/t/dd00125"\n',
            'unbalanced_train_segments.csv': (
                SEGMENTS + '--a, 30.000, 40.000, "/m/05zppz,/m/09x0r"\n'
                'b_b, 70.000, 80.000, "/m/09x0r"\n'
            ),
        },
    )
    out = run_tool('prepare_audioset', root)
    first = [
        ('--a_000030.mp4', 'Male speech, man speaking', '--a'),
        ('eval/b_b_70.mkv', 'Speech', 'b_b'),
    ]
    second = [('x/y/Yccc.mp4', 'Bark', 'ccc')]
    classes = ['Speech', 'Male speech, man speaking', 'Bark']
    assert read_split(root, 'train') == (classes, first + second)
    assert read_split(root, 'balanced_train') == (classes, second)
    rows = json.loads((root / 'train.json').read_text())['data_list']
    assert [row['labels'] for row in rows] == [[1, 0], [0], [2]]
    assert not (root / 'eval.json').exists() and 'eval_segments.csv' in out
    assert 'Speech,2,0' in (root / 'classes.csv').read_text()
    segments = SEGMENTS + 'ddd, 5.0, 15.0, "/m/09x0r"\neee, 0.0, 9.0, "/t/dd00125"\n'
    lay_out(root, lists={'eval_segments.csv': segments})
    run_tool('prepare_audioset', root)
    assert [row[0] for row in read_split(root, 'eval')[1]] == names[3:]
