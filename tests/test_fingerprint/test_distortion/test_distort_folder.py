import csv
import os

import numpy as np
import pytest
from PIL import Image

from avtss_mm.fingerprint.distortion.distort import distort_folder
from avtss_mm.fingerprint.distortion.sheet import describe, distortion_sheet
from avtss_mm.fingerprint.distortion.suite import find_distortions
from avtss_mm.media import build_manifest, load_manifest, save_manifest

NAMES = ['crop', 'trim']


@pytest.fixture
def videos(make_video, tmp_path):
    """A folder of three short videos, one in a subfolder and one without sound."""
    root = tmp_path / 'videos'
    make_video(root / 'a.mp4', duration=0.6, size=(48, 64))
    make_video(root / 'b' / 'c.avi', duration=0.6, size=(48, 64))
    make_video(root / 'd.mp4', duration=0.6, size=(48, 64), audio=None)
    return root


def contents(out):
    return {
        path.relative_to(out).as_posix(): path.read_bytes()
        for path in sorted(out.rglob('*'))
        if path.is_file() and path.name != '.copies.jsonl'
    }


def counting(totals, stop_after=None):
    """A progress bar that records its total and is interrupted."""

    def progress(results, total):
        totals.append(total)
        for index, result in enumerate(results):
            yield result
            if index + 1 == stop_after:
                raise KeyboardInterrupt

    return progress


def test_copies_of_a_folder(videos, tmp_path):
    out = tmp_path / 'out'
    rows, rejects = distort_folder(videos, out, NAMES, (1, 3), workers=2)
    assert rejects == []
    expected = {
        f'{name}_{severity}/{target}'
        for name in NAMES
        for severity in (1, 3)
        for target in ('a.mp4', 'b/c.avi.mp4', 'd.mp4')
    }
    assert {row['filename'] for row in rows} == expected
    assert {name for name in contents(out) if name.endswith('.mp4')} == expected
    assert load_manifest(out / 'queries.json')[0] == rows
    row = next(row for row in rows if row['filename'] == 'crop_3/b/c.avi.mp4')
    assert row['source'] == 'b/c.avi' and row['distortion'] == 'crop' and row['severity'] == 3
    assert row['family'] == 'geometry' and row['modality_affected'] == 'v'
    assert (row['speed'], row['offset'], row['query_start'], row['query_end']) == (1, 0, 0, 0.6)
    assert (row['width'], row['height']) == (32, 24) and row['has_audio']


def test_the_list_says_which_second_is_which(videos, tmp_path):
    rows, _ = distort_folder(videos / 'a.mp4', tmp_path / 'out', ['reverse', 'speed'], (1,))
    truth = {row['distortion']: (row['speed'], row['offset'], row['query_end']) for row in rows}
    assert truth['reverse'] == pytest.approx((-1, 0.6, 0.6), abs=0.05)
    assert truth['speed'] == pytest.approx((0.8, 0, 0.75), abs=0.05)


def test_an_interrupted_run_goes_on_and_ends_the_same(videos, tmp_path):
    whole, parts = tmp_path / 'whole', tmp_path / 'parts'
    distort_folder(videos, whole, NAMES)
    totals = []
    for stop_after in (5, 4):
        with pytest.raises(KeyboardInterrupt):
            distort_folder(videos, parts, NAMES, progress=counting(totals, stop_after))
        with open(parts / '.copies.jsonl', 'a') as log:
            log.write('{"stamp": "cut o')
    distort_folder(videos, parts, NAMES, progress=counting(totals))
    assert totals == [18, 13, 9]
    assert contents(parts) == contents(whole)
    distort_folder(videos, parts, NAMES, progress=counting(totals))
    assert totals[-1] == 0


def test_only_what_changed_is_made_anew(videos, tmp_path, make_video):
    out, totals = tmp_path / 'out', []
    distort_folder(videos, out, ['crop'])
    make_video(videos / 'a.mp4', duration=1, size=(48, 64))
    (out / 'crop_2' / 'd.mp4').unlink()
    rows, _ = distort_folder(videos, out, NAMES, (2,), progress=counting(totals))
    assert totals == [1 + 1 + 3]
    assert len(rows) == 9 + 3  # those of the call before are listed too
    ends = {row['filename']: row['query_end'] for row in rows}
    assert (ends['crop_2/a.mp4'], ends['crop_1/a.mp4'], ends['crop_2/d.mp4']) == (1, 0.6, 0.6)


def test_what_cannot_be_made_is_listed(videos, tmp_path):
    (videos / 'broken.mp4').write_bytes(b'no video')
    out = tmp_path / 'out'
    rows, rejects = distort_folder(videos, out, ['mp3'], (1,))
    assert [row['source'] for row in rows] == ['a.mp4', 'b/c.avi']
    assert [reject[:3] for reject in rejects] == [('broken.mp4', 'mp3', 1), ('d.mp4', 'mp3', 1)]
    assert rejects[1][3] == 'no sound to apply mp3 to'
    with open(out / 'rejects.csv', newline='') as file:
        listed = list(csv.reader(file))
    assert listed[0] == ['filename', 'distortion', 'severity', 'reason']
    assert listed[2] == ['d.mp4', 'mp3', '1', 'no sound to apply mp3 to']
    assert not [name for name in os.listdir(out / 'mp3_1') if name.startswith('.')]


def test_a_copy_that_takes_too_long_is_listed_and_leaves_nothing(videos, tmp_path):
    out = tmp_path / 'out'
    rows, rejects = distort_folder(videos / 'a.mp4', out, ['blur'], (1,), timeout=0.001)
    assert rows == [] and 'no answer within 0.001 s' in rejects[0][3]
    assert not list(out.rglob('*.mp4'))


def test_manifest_list_and_single_file(videos, tmp_path):
    facts, _ = build_manifest(videos)
    save_manifest(videos / 'all.json', [{**row, 'label': 1} for row in facts], ['x', 'y'])
    rows, _ = distort_folder(videos / 'all.json', tmp_path / 'manifest', ['crop'], (1,))
    assert len(rows) == 3 and all(row['label'] == 1 for row in rows)
    assert load_manifest(tmp_path / 'manifest' / 'queries.json')[1]['classes'] == ['x', 'y']
    listed, _ = distort_folder(['b/c.avi'], tmp_path / 'list', ['crop'], (1,), root=videos)
    assert [row['source'] for row in listed] == ['b/c.avi']
    single, _ = distort_folder(videos / 'a.mp4', tmp_path / 'one', ['crop'], (1,))
    assert [row['filename'] for row in single] == ['crop_1/a.mp4']
    copies = [tmp_path / kind / 'crop_1' / 'a.mp4' for kind in ('manifest', 'one')]
    assert copies[0].read_bytes() == copies[1].read_bytes()


def test_names_that_lead_elsewhere_make_no_file_there(videos, tmp_path):
    out, elsewhere = tmp_path / 'deep/er/out', tmp_path / 'deep/victim.mp4'
    facts, _ = build_manifest(videos)
    name = '../../victim.mp4'
    for rows in ([name], [dict(filename=name)]):
        with pytest.raises(ValueError, match='victim.mp4 leads out of its folder'):
            distort_folder(rows, out, ['crop'], (1,), root=videos)
    save_manifest(videos / 'bad.json', [dict(facts[0], filename=name)])
    with pytest.raises(ValueError, match='bad.json, row 1: .*leads out'):
        distort_folder(videos / 'bad.json', out, ['crop'], (1,))
    assert not elsewhere.exists()


def test_damaged_lines_of_the_log_are_made_again(videos, tmp_path):
    whole, damaged = tmp_path / 'whole', tmp_path / 'damaged'
    for out in (whole, damaged):
        distort_folder(videos / 'a.mp4', out, ['crop'], (1,))
    lines = ['3', '{}', '[[', '{"row": {"filename": "crop_1/a.mp4"}}', '{"stamp": 1, "row": []}']
    (damaged / '.copies.jsonl').write_text('\n'.join(lines))
    distort_folder(videos / 'a.mp4', damaged, ['crop'], (1,))
    assert contents(damaged) == contents(whole)


def test_copies_beside_the_videos_are_not_distorted_again(videos):
    out = videos / 'copies'
    distort_folder(videos, out, ['crop'], (1,))
    rows, _ = distort_folder(videos, out, ['crop'], (1, 2))
    assert {row['source'] for row in rows} == {'a.mp4', 'b/c.avi', 'd.mp4'} and len(rows) == 6


def test_other_videos_are_taken_from_the_donors(videos, tmp_path, make_video):
    donor = make_video(tmp_path / 'donor.mp4', duration=0.6, size=(48, 64), seed=9)
    plain, given = tmp_path / 'plain', tmp_path / 'given'
    distort_folder(videos / 'a.mp4', plain, ['inset'], (1,))
    distort_folder(videos / 'a.mp4', given, ['inset'], (1,), donors=[donor])
    assert contents(plain)['inset_1/a.mp4'] != contents(given)['inset_1/a.mp4']


def test_mistakes_are_told_before_the_work(videos, tmp_path):
    with pytest.raises(ValueError, match="no distortion 'krop'"):
        distort_folder(videos, tmp_path / 'out', ['krop'])
    with pytest.raises(ValueError, match='severity is 1, 2 or 3, not 0'):
        distort_folder(videos, tmp_path / 'out', severities=(0,))
    with pytest.raises(FileNotFoundError, match='no such file or folder'):
        distort_folder(tmp_path / 'nowhere', tmp_path / 'out')
    assert not (tmp_path / 'out').exists()


def test_sheet_has_a_line_for_each_distortion_the_file_can_have(videos, tmp_path):
    names = ['crop', 'speed', 'mp3']
    for video, lines in (('a.mp4', 4), ('d.mp4', 3)):
        rows, _ = distort_folder(videos / video, tmp_path / video, names)
        distortion_sheet(videos / video, tmp_path / video, rows, tmp_path / 'sheet.png')
        pixels = np.asarray(Image.open(tmp_path / 'sheet.png').convert('RGB')).astype(int)
        rules = (pixels[:, :100] == 200).all((1, 2)).sum()
        assert pixels.shape[1] == 1580 and rules == lines
        top = pixels[:, 120:580].std((1, 2)) > 5
        assert top.mean() > 0.4  # strips, not paper


def test_sheet_says_what_was_done():
    repost, telephone = (find_distortions([name])[0] for name in ('repost', 'telephone'))
    assert describe(repost.recipes[1]) == 'crop=iw*0.75:ih*0.75; text 2; crf 38'
    assert describe(telephone.recipes[1]).endswith('; pcm_mulaw, 8000 Hz, 64000 bit/s')
    assert describe(find_distortions(['speed'])[0].recipes[0]) == 'speed 0.8'


def test_a_long_name_stops_nothing(videos, tmp_path):
    (videos / 'a.mp4').rename(videos / f'{"x" * 250}.mp4')
    (videos / 'b/c.avi').rename(videos / f'b/{"y" * 250}.avi')  # .mp4 is added to it
    out = tmp_path / 'out'
    rows, rejects = distort_folder(videos, out, ['crop'], [1])
    assert {row['source'] for row in rows} == {'d.mp4', f'{"x" * 250}.mp4'}
    ((name, *_, reason),) = rejects
    assert name.endswith('y.avi') and 'name too long' in reason
    again = distort_folder(videos, out, ['crop'], [1])
    assert again == (rows, rejects)
