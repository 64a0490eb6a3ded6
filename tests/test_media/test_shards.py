"""Members of tar shards: read in place, equal to loose files, refused by name when damaged."""

from __future__ import annotations

import os
import tarfile

import numpy as np
import pytest
from helpers.folders import write_tar

from avtss_mm.errors import ManifestError, MediaError
from avtss_mm.media import load_manifest, open_media, probe
from avtss_mm.media.shards import find_members

FORMATS = dict(gnu=tarfile.GNU_FORMAT, pax=tarfile.PAX_FORMAT, ustar=tarfile.USTAR_FORMAT)


@pytest.fixture(scope='module')
def videos(tmp_path_factory, make_video):
    root = tmp_path_factory.mktemp('videos')
    for name in ('a.mp4', 'sub dir/b.c.mkv', 'd.avi', 'e.webm'):
        make_video(root / name, duration=3, size=(48, 64), seed=len(name))
    return root


def members_of(videos) -> dict:
    return {str(p.relative_to(videos)): p for p in sorted(videos.rglob('*')) if p.is_file()}


@pytest.mark.parametrize('layout', FORMATS)
def test_members_equal_loose_files(tmp_path, videos, backend, layout):
    write_tar(tmp_path / 'set/s.tar', members_of(videos), format=FORMATS[layout])
    found = find_members(tmp_path)
    assert not found.rejects
    assert len(found.names) == 4
    times, windows = [np.arange(0.4, 2, 0.11), np.arange(2.9, 1, -0.2)], [(0.5, 1.5), (2, 4)]
    for name in found.names:
        loose = videos / name.split('/', 3)[3]
        with open_media(loose, backend) as one, open_media(tmp_path / name, backend) as two:
            assert one.info == two.info
            whole, part = one.read(times, windows), two.read(times, windows)
        for key in ('frames', 'frame_pts', 'audio'):
            for expected, found_there in zip(getattr(whole, key), getattr(part, key)):
                np.testing.assert_array_equal(expected, found_there)
        assert {**probe(loose), 'filename': ''} == {**probe(tmp_path / name), 'filename': ''}


def test_long_and_foreign_names(tmp_path, videos):
    names = ['./plain.mp4', 'ünïcode.mp4', f'{"long/" * 40}x.mp4', os.fsdecode(b'\xff\xfe.mp4')]
    for layout in ('gnu', 'pax'):
        path = tmp_path / layout / 's.tar'
        write_tar(path, dict.fromkeys(names, videos / 'a.mp4'), format=FORMATS[layout])
        found = find_members(tmp_path / layout)
        assert [name.split('/', 2)[2] for name in found.names] == ['plain.mp4', *names[1:]]
        for name in found.names:
            assert probe(tmp_path / layout / name)['duration'] == 3


def reason(path) -> str:
    with pytest.raises(MediaError) as caught:
        open_media(path)
    text = str(caught.value)
    assert text.startswith(f'{path}: ')
    assert '\n' not in text
    return text.removeprefix(f'{path}: ')


def test_a_cut_shard_names_shard_and_member(tmp_path, videos):
    shard = write_tar(tmp_path / 's.tar', members_of(videos))
    names = find_members(tmp_path).names
    data = shard.read_bytes()
    last = names[-1]
    shard.write_bytes(data[: _at(last) + 2000])
    end = f'the shard is cut: it ends after {2000 + _at(last):,} bytes'
    assert reason(f'{tmp_path}/{last}') == end
    assert probe(f'{tmp_path}/{names[0]}')['duration'] == 3
    found = find_members(tmp_path)
    assert found.names == names[:-1]
    assert found.rejects[last] == 'the shard is cut within this member'
    assert 'only the 3 members before' in found.rejects['s.tar']
    shard.unlink()
    assert reason(f'{tmp_path}/{last}') == 'there is no such shard'
    shard.mkdir()
    assert reason(f'{tmp_path}/{last}') == 'a folder, not a file'


def _at(address: str) -> int:
    return int(address.split('/')[1].split('+')[0])


def test_a_damaged_header_ends_the_list_with_a_word(tmp_path, videos):
    shard = write_tar(tmp_path / 's.tar', members_of(videos))
    names = find_members(tmp_path).names
    with shard.open('r+b') as file:
        file.seek(_at(names[2]) - 512)
        file.write(b'x' * 512)
    found = find_members(tmp_path)
    assert found.names == names[:2]
    assert found.rejects == {
        's.tar': 'the shard is cut or damaged: only the 2 members before that place are listed'
    }
    assert 'no member at this offset' in reason(f'{tmp_path}/{names[2]}')


def test_another_shard_and_wrong_offsets(tmp_path, videos):
    shard = write_tar(tmp_path / 's.tar', members_of(videos))
    first = find_members(tmp_path).names[0]
    _, span, name = first.split('/')
    offset, size = map(int, span.split('+'))
    wrong = [f'{offset + 512}+{size}/{name}', f'{offset + 1}+{size}/{name}', f'0+{size}/{name}']
    for address in wrong:
        assert 'no member at this offset' in reason(f'{shard}/{address}')
    for address in (f'{offset}+{size - 1}/{name}', f'{offset}+{size}/z.mp4'):
        assert f'the shard has a.mp4 ({size:,} bytes) here' in reason(f'{shard}/{address}')
    assert reason(f'{shard}/{offset}+0/{name}') == 'empty file'
    write_tar(shard, {'new/a.mp4': videos / 'a.mp4'})
    assert 'the shard has new/a.mp4' in reason(f'{shard}/{span}/{name}')


def test_members_that_lead_out_are_refused(tmp_path, videos):
    outside = tmp_path / 'set/../outside.mp4'
    names = ['../outside.mp4', '/tmp/x.mp4', 'a/../../b.mp4', 'good.mp4']
    shard = write_tar(tmp_path / 'set/s.tar', dict.fromkeys(names, videos / 'a.mp4'))
    link = tarfile.TarInfo('link.mp4')
    link.type, link.linkname = tarfile.SYMTYPE, '/etc/hostname'
    with tarfile.open(shard, 'a') as tar:
        tar.addfile(link)
    found = find_members(tmp_path / 'set')
    assert [name.rpartition('/')[2] for name in found.names] == ['good.mp4']
    reasons = {name.split('/', 2)[2]: text for name, text in found.rejects.items()}
    assert reasons.pop('link.mp4') == 'the member is a link or of another kind, not a plain file'
    assert reasons == dict.fromkeys(names[:3], 'the name of the member leads out of the shard')
    for name in [name for name in found.rejects if 'link' not in name]:
        assert 'leads out of the shard' in reason(f'{tmp_path}/set/{name}')
    assert not outside.exists()
    rows = '{"metainfo": {}, "data_list": [{"filename": "s.tar/512+9/../../x.mp4"}]}'
    (tmp_path / 'set/list.json').write_text(rows)
    with pytest.raises(ManifestError, match=r'row 1: .*s.tar/512\+9/../../x.mp4.* leads out'):
        load_manifest(tmp_path / 'set/list.json')


def test_a_shard_that_becomes_shorter_while_it_is_read(tmp_path, make_video):
    video = make_video(tmp_path / 'v.mp4', duration=8, size=(240, 320), audio='noise')
    shard = write_tar(tmp_path / 'set/s.tar', {'v.mp4': video})
    (name,) = find_members(tmp_path / 'set').names
    with open_media(tmp_path / 'set' / name) as reader:
        os.truncate(shard, _at(name) + 60_000)
        with pytest.raises(MediaError, match='it has become shorter while it was read'):
            reader.read([[7.9]])
        with pytest.raises(MediaError, match='it has become shorter while it was read'):
            reader.read(audio_windows=[(6, 7)])


def test_an_archive_beside_its_files_is_not_listed_twice(tmp_path, videos):
    write_tar(tmp_path / 'archive.tar', members_of(videos))
    (tmp_path / 'loose.mp4').write_bytes((videos / 'a.mp4').read_bytes())
    found = find_members(tmp_path)
    assert found.names == ['loose.mp4']
    assert found.left_out == {'.tar': 1}
    with_shards = find_members(tmp_path, {'.mp4', '.tar'})
    assert [name.rpartition('/')[2] for name in with_shards.names] == ['loose.mp4', 'a.mp4']


def test_a_folder_may_be_called_like_a_shard(make_video, tmp_path):
    path = make_video(tmp_path / 'old.tar/12/a.mp4', duration=1, fps=5, size=(32, 32))
    assert probe(path)['duration'] == 1
