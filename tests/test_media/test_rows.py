"""Valid rows of a list of files, and the messages for invalid ones."""

import json
import os

import pytest

from avtss_mm.errors import ManifestError
from avtss_mm.media import build_manifest, load_manifest, save_manifest
from avtss_mm.media.rows import leaves_folder


def write(path, rows, **more):
    path.write_text(json.dumps({'metainfo': {}, 'data_list': rows, **more}))
    return path


@pytest.mark.parametrize(
    ('name', 'leaves'),
    [
        ('a/b.mp4', False),
        ('...mp4', False),
        ('a..b/..c.mp4', False),
        ('./=x.mp4', False),
        ('/etc/passwd', True),
        ('../a.mp4', True),
        ('a/../b.mp4', True),  # a may be a link: what is above it is elsewhere
        ('..', True),
    ],
)
def test_names_that_lead_out_of_the_folder(tmp_path, name, leaves):
    assert leaves_folder(name, tmp_path) == leaves
    path = write(tmp_path / 'm.json', [dict(filename='good.mp4'), dict(filename=name)])
    if leaves:
        with pytest.raises(ManifestError, match=r'm.json, row 2: .*leads out of .* allow_outside'):
            load_manifest(path)
    assert load_manifest(path, allow_outside=leaves)[0][1]['filename'] == name


def test_absolute_names_in_the_folder(tmp_path):
    (tmp_path / 'link').symlink_to(tmp_path / 'real')
    for folder in ('link', 'real'):
        assert not leaves_folder(str(tmp_path / 'real/a.mp4'), tmp_path / folder)
        assert leaves_folder(str(tmp_path / 'really/a.mp4'), tmp_path / folder)
        assert leaves_folder(str(tmp_path / 'real'), tmp_path / folder)
    path = write(tmp_path / 'm.json', [dict(filename=str(tmp_path / 'a.mp4'))])
    assert len(load_manifest(path)[0]) == 1


@pytest.mark.parametrize(
    ('row', 'message'),
    [
        ('a.mp4', "'a.mp4' is not a row"),
        ({}, 'filename is None'),
        (dict(filename=''), "filename is '', which names no file"),
        (dict(filename='a\0.mp4'), 'names no file'),
        (dict(filename=['a.mp4']), 'names no file'),
        (dict(filename='a', label='cat'), "label is 'cat', not a number of a class"),
        (dict(filename='a', label=True), 'label is True'),
        (dict(filename='a', label=None), 'label is None'),
        (dict(filename='a', label=2**40), 'not a number of a class'),
        (dict(filename='a', duration='5'), "duration is '5', not a number of seconds"),
        (dict(filename='a', duration=float('nan')), 'duration is nan'),
        (dict(filename='a', duration=-1), 'duration is -1'),
        (dict(filename='a', silent='no'), "silent is 'no', not true or false"),
        (dict(filename=list('x' * 999)), r"filename is \['x', .* \.\.\., which"),
    ],
)
def test_rows_that_are_none(tmp_path, row, message):
    path = write(tmp_path / 'm.json', [dict(filename='good.mp4'), row])
    with pytest.raises(ManifestError, match=f'row 2: .*{message}') as error:
        load_manifest(path)
    assert len(str(error.value)) < 300 and '\n' not in str(error.value)


@pytest.mark.parametrize(
    'text',
    ['', '[]', 'null', '{"metainfo": [], "data_list": []}', '{"metainfo": {}, "data_list": {}}',
     '{"metainfo": {"classes": [1]}, "data_list": []}', '[' * 100_000, '{"metainfo": {}}', '\xff'],
)  # fmt: skip
def test_files_that_are_no_manifest(tmp_path, text):
    path = tmp_path / 'm.json'
    path.write_bytes(text.encode('latin-1'))
    with pytest.raises(ManifestError, match='m.json is not a manifest .*build_manifest.py'):
        load_manifest(path)


def test_a_mark_of_byte_order_and_names_that_are_not_unicode_are_read(tmp_path):
    rows = [dict(filename=os.fsdecode(b'caf\xe9.mp4'), label=-1, duration=None)]
    save_manifest(tmp_path / 'm.json', rows)
    (tmp_path / 'm.json').write_bytes(b'\xef\xbb\xbf' + (tmp_path / 'm.json').read_bytes())
    assert load_manifest(tmp_path / 'm.json')[0] == rows


def test_damaged_lines_of_the_partial_list_are_probed_again(tmp_path, make_video):
    make_video(tmp_path / 'a.mp4', duration=1, fps=5, size=(32, 32))
    first = build_manifest(tmp_path, partial_path=tmp_path / 'log')
    entry = json.loads((tmp_path / 'log').read_text())
    stamp, row = entry['stamp'], entry['row']
    bad = [
        3, [], {}, dict(filename='a.mp4'), dict(filename='a.mp4', stamp=stamp),
        dict(filename=['a.mp4'], stamp=stamp, reason='x'),
        dict(filename='a.mp4', stamp=stamp, reason=5),
        dict(filename='a.mp4', stamp=stamp, row=7),
        dict(filename='a.mp4', stamp=stamp, row=dict(filename='a.mp4')),
        dict(filename='a.mp4', stamp=stamp, row=dict(row, filename='b.mp4')),
        dict(filename='a.mp4', stamp=stamp, row=dict(row, duration='long')),
    ]  # fmt: skip
    for entry in bad:
        (tmp_path / 'log').write_text('\xff[[\n' + json.dumps(entry) + '\n' + '[' * 9999)
        assert build_manifest(tmp_path, partial_path=tmp_path / 'log') == first
