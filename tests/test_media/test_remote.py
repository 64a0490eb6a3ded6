"""Files with a URL: equal to those on disk, with few requests, and errors that name them."""

from __future__ import annotations

import tarfile
import threading
import time
from collections import Counter
from contextlib import nullcontext

import numpy as np
import pytest
from helpers.servers import http_server

from avtss_mm.errors import MediaError
from avtss_mm.media import open_media, probe, remote_file
from avtss_mm.media.file_cache import FileCache
from avtss_mm.media.shards import find_members
from avtss_mm.media.sources import source_of, stamp_of

TIMES, WINDOWS = [np.arange(0.4, 2, 0.11), np.arange(2.9, 1, -0.2)], [(0.5, 1.5), (2, 4)]


@pytest.fixture(scope='module')
def videos(tmp_path_factory, make_video):
    root = tmp_path_factory.mktemp('videos')
    for name in ('a.mp4', 'sub dir/b.mkv', 'c.avi'):
        make_video(root / 'loose' / name, duration=3, size=(48, 64), seed=len(name))
    (root / 'shards').mkdir()
    with tarfile.open(root / 'shards/s.tar', 'w', format=tarfile.GNU_FORMAT) as tar:
        for path in sorted((root / 'loose').glob('*.*')):
            tar.add(path, path.name)
    return root


@pytest.fixture
def server(videos):
    with http_server(videos) as server:
        yield server


def assert_equal(one, two, backend='pyav'):
    with open_media(one, backend) as first, open_media(two, backend) as second:
        assert first.info == second.info
        whole, part = first.read(TIMES, WINDOWS), second.read(TIMES, WINDOWS)
    for key in ('frames', 'frame_pts', 'audio'):
        for expected, found in zip(getattr(whole, key), getattr(part, key), strict=True):
            np.testing.assert_array_equal(expected, found)


def test_a_slow_listing_is_announced(server, monkeypatch):
    told = []
    monkeypatch.setattr(
        'avtss_mm.media.remote.late_note', lambda text: told.append(text) or nullcontext()
    )
    assert len(find_members(f'{server.url}/loose').names) == 3
    assert told == [f'listing {server.url}/loose']


def test_one_request_for_a_file_and_for_a_member(videos, server):
    for name in ('a.mp4', 'sub dir/b.mkv', 'c.avi'):
        server.requests.clear()
        path = videos / 'loose' / name
        assert_equal(path, f'{server.url}/loose/{name}')
        assert [number for _, number in server.requests] == [path.stat().st_size]
    found = find_members(f'{server.url}/shards')
    assert found.names == find_members(videos / 'shards').names
    for name in found.names:
        server.requests.clear()
        assert_equal(videos / 'shards' / name, f'{server.url}/shards/{name}')
        size = int(name.split('/')[1].split('+')[1])
        assert [number for _, number in server.requests] == [size + 512]


def test_backends(videos, server, backend):
    assert_equal(videos / 'loose/a.mp4', f'{server.url}/loose/a.mp4', backend)


def test_of_a_large_file_only_what_is_needed(videos, server, monkeypatch, make_video):
    path = make_video(videos / 'large/x.mp4', duration=40, size=(240, 320), audio='noise')
    monkeypatch.setattr(remote_file, 'WHOLE', 2**14)
    monkeypatch.setattr(remote_file, 'BLOCK', 2**14)
    assert_equal(path, f'{server.url}/large/x.mp4')
    numbers = [number for _, number in server.requests if number]
    assert 2 < len(numbers) < 40
    assert max(numbers) <= 2**14
    assert sum(numbers) < 0.7 * path.stat().st_size
    server.has_ranges = False
    assert_equal(path, f'{server.url}/large/x.mp4')


def test_folders_and_stamps(videos, server):
    found = find_members(f'{server.url}/loose')
    assert found.names == ['a.mp4', 'c.avi', 'sub%20dir/b.mkv']
    assert found.left_out == Counter()
    size = (videos / 'loose/a.mp4').stat().st_size
    assert stamp_of(f'{server.url}/loose/a.mp4').startswith(f'{size} ')
    assert stamp_of(f'{server.url}/loose/absent.mp4') == '0'


@pytest.mark.parametrize(
    ('name', 'reason'),
    [
        ('loose/absent.mp4', 'no such file'),
        ('shards/absent.tar/512+9/a.mp4', 'there is no such shard'),
        ('shards/s.tar/1024+9/a.mp4', 'the shard has no member at this offset'),
        ('shards/s.tar/512+9/a.mp4', 'the shard has a.mp4 .* here: it is another one'),
    ],
)
def test_reasons(server, name, reason):
    with pytest.raises(MediaError, match=f'^{server.url}/{name}: {reason}'.replace('+', '.')):
        open_media(f'{server.url}/{name}')


def test_a_cut_shard(videos, server):
    data = (videos / 'shards/s.tar').read_bytes()
    name = find_members(videos / 'shards').names[0]
    (videos / 'shards/cut.tar').write_bytes(data[:3000])
    with pytest.raises(MediaError, match='the shard is cut: it ends after 3,000 bytes'):
        open_media(f'{server.url}/shards/{name}'.replace('s.tar', 'cut.tar'))
    (videos / 'shards/cut.tar').unlink()


def test_a_folder_on_a_server_that_is_down(videos, monkeypatch):
    monkeypatch.setattr('avtss_mm.media.remote.PAUSES', ())
    with http_server(videos) as server:
        url = server.url
    with pytest.raises(MediaError, match=f'^{url}/loose: .*[cC]onnect'):
        find_members(f'{url}/loose')


def test_schemes_without_their_package():
    with pytest.raises(MediaError, match=r'^gs://b/x.mp4: .*gcsfs'):
        open_media('gs://b/x.mp4')
    with pytest.raises(MediaError, match=r'^nothing://b/x.mp4: .*Protocol not known'):
        open_media('nothing://b/x.mp4')


def test_requests_that_fail_are_tried_again(videos, server):
    server.refusals = 2
    assert_equal(videos / 'loose/a.mp4', f'{server.url}/loose/a.mp4')
    assert server.refusals == 0


def test_a_server_that_comes_back(videos):
    """Reading waits for it and goes on; the file that was being read is not lost."""
    with http_server(videos) as server:
        port, url = server.server_port, server.url
        assert probe(f'{url}/loose/a.mp4')['duration'] == 3
    results = []
    thread = threading.Thread(target=lambda: results.append(probe(f'{url}/loose/c.avi')))
    thread.start()
    time.sleep(0.5)
    assert not results
    with http_server(videos, port):
        thread.join(20)
    assert results[0]['duration'] == 3


def test_a_lost_connection_is_no_end_of_a_file(videos, server, monkeypatch, make_video):
    make_video(videos / 'large/y.mp4', duration=20, size=(240, 320), audio='noise')
    monkeypatch.setattr(remote_file, 'WHOLE', 2**14)
    monkeypatch.setattr(remote_file, 'BLOCK', 2**14)
    monkeypatch.setattr('avtss_mm.media.remote.PAUSES', ())
    with open_media(f'{server.url}/large/y.mp4') as reader:
        server.refusals = 10**6
        with pytest.raises(MediaError, match=r'y\.mp4: .*isconnected'):
            reader.read([[19.0]])
        server.refusals = 0


def test_lists_in_the_place_of_a_video_fetch_nothing(videos, server):
    for text in (f'#EXTM3U\n#EXTINF:5,\n{server.url}/loose/a.mp4\n#EXT-X-ENDLIST\n',
                 '#EXTM3U\n#EXTINF:5,\na.mp4\n#EXT-X-ENDLIST\n',
                 "ffconcat version 1.0\nfile 'a.mp4'\n"):  # fmt: skip
        (videos / 'loose/list.mp4').write_text(text)
        server.requests.clear()
        with pytest.raises(MediaError, match='list.mp4: '):
            probe(f'{server.url}/loose/list.mp4')
        assert {path for path, _ in server.requests} == {'/loose/list.mp4'}
    (videos / 'loose/list.mp4').unlink()


def test_the_cache_keeps_files_within_its_bound(videos, server, tmp_path):
    sizes = [path.stat().st_size for path in (videos / 'loose').glob('?.*')]
    cache = FileCache(tmp_path / 'cache', 1.2 * max(sizes) / 1e9)
    names = [f'{server.url}/loose/a.mp4', f'{server.url}/loose/c.avi']
    for _ in range(3):
        assert_equal(videos / 'loose/a.mp4', source_of(names[0], cache))
    assert len(server.requests) == 1
    for name in names * 2:
        with open_media(source_of(name, cache)) as reader:
            reader.read([[1.0]])
        kept = [p.stat().st_size for p in (tmp_path / 'cache').rglob('*') if p.is_file()]
        assert sum(kept) <= cache.max_bytes
    member = find_members(videos / 'shards').names[0]
    for _ in range(2):
        assert_equal(videos / 'shards' / member, source_of(f'{server.url}/shards/{member}', cache))
    large = FileCache(tmp_path / 'tiny', 1e-6)
    assert_equal(videos / 'loose/a.mp4', source_of(names[0], large))
    assert not (tmp_path / 'tiny').exists()
