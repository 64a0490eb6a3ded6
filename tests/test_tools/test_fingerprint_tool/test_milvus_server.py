"""An index in a Milvus server: as good as faiss, and what happens when the server is away."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time

import numpy as np
import pytest
from helpers.commands import ROOT
from helpers.distinct_media import write_distinct
from helpers.milvus_server import COMMAND, MilvusServer, free_port
from helpers.small_index import chunks, make_index

from avtss_mm.errors import UsageError
from avtss_mm.fingerprint.index import index as index_module
from avtss_mm.fingerprint.index.index import FingerprintIndex

pytest.importorskip('pymilvus', reason='pymilvus is not installed')
pytestmark = pytest.mark.slow
needs_server = pytest.mark.skipif(
    COMMAND is None, reason='no milvus-server on the PATH: pip install milvus brings it'
)


@pytest.fixture(scope='module')
def one_server(tmp_path_factory):
    started = MilvusServer(tmp_path_factory.mktemp('milvus'))
    yield started
    started.kill()


@pytest.fixture
def server(one_server):
    one_server.start()
    return one_server


def options(server, model):
    return ['--checkpoint', model[1], '--backend', 'milvus', '--milvus-uri', server.uri]


def collections(server):
    from pymilvus import MilvusClient

    client = MilvusClient(server.uri)
    names = client.list_collections()
    client.close()
    return {name.rsplit('_', 1)[0] for name in names}


def test_a_server_that_does_not_answer_is_named_before_any_work(media, model, avtss_fp, tmp_path):
    with socket.create_server(('127.0.0.1', 0)) as deaf:
        for port in (free_port(), deaf.getsockname()[1]):
            uri = f'http://127.0.0.1:{port}'
            words = ['--checkpoint', model[1], '--backend', 'milvus', '--milvus-uri', uri]
            status, out, err = avtss_fp('index', media, '-o', tmp_path / 'INDEX', *words)
            assert (status, out) == (2, '') and 'files' not in err
            assert err.splitlines()[-1].startswith(f'error: Milvus at {uri} does not open: ')


@pytest.mark.parametrize(
    ('said', 'words'),
    [
        ('neither http://HOST:PORT nor a path', ['--milvus-uri', 'host:19530']),
        ("Milvus has no index 'PCA16'. Use 'Flat', 'HNSW32'", ['--index-factory', 'PCA16']),
        ('--milvus-uri needs --backend milvus', ['--milvus-uri', 'http://h:1', '--backend=faiss']),
    ],
)
def test_what_milvus_cannot_do_is_refused(said, words, media, model, avtss_fp, tmp_path):
    begin = ['index', media, '-o', tmp_path / 'INDEX', '--checkpoint', model[1]]
    status, out, err = avtss_fp(*begin, '--backend', 'milvus', *words)
    assert (status, out) == (2, '') and said in err.splitlines()[-1]


@needs_server
@pytest.mark.parametrize('factory', ['Flat', 'HNSW16', 'IVF4,Flat', 'IVF4,SQ8'])
def test_a_server_finds_what_faiss_finds(factory, server, media, model, index, avtss_fp, tmp_path):
    mine = tmp_path / 'INDEX'
    words = [*options(server, model), '--index-factory', factory]
    assert avtss_fp('index', media, '-o', mine, *words)[0] == 0
    trimmed = write_distinct(tmp_path / 'trimmed.mkv', 3, 4, 11, crf=30)
    asked = [json.loads(avtss_fp('query', trimmed, i, '--json')[1]) for i in (mine, index)]
    assert asked[0] and len(asked[0]) == len(asked[1])
    for found, wanted in zip(*asked):
        assert found['video'] == wanted['video']
        assert found['score'] == pytest.approx(
            wanted['score'], abs=0.02 if 'SQ' in factory else 1e-5
        )
    status, out, err = avtss_fp('delete', mine, media / '3.mp4')
    assert status == 0 and '1 files removed' in out
    assert str(media / '3.mp4') not in avtss_fp('query', trimmed, mine, '--json')[1]
    stats = json.loads(avtss_fp('stats', mine, '--json')[1])
    backend = stats['backends']['video']
    assert (backend['kind'], backend['uri']) == (factory, server.uri)
    assert backend['vectors'] == stats['video_chunks'] > 0


@needs_server
def test_a_collection_goes_with_its_index(server, media, model, avtss_fp, tmp_path):
    mine, before = tmp_path / 'INDEX', collections(server)
    begin = ['index', media, '-o', mine]
    assert avtss_fp(*begin, *options(server, model))[0] == 0
    (first,) = collections(server) - before
    assert avtss_fp(*begin, '--index-factory', 'HNSW16')[0] == 0
    (second,) = collections(server) - before
    assert avtss_fp(*begin, *options(server, model), '--rebuild')[0] == 0
    (third,) = collections(server) - before
    assert len({first, second, third}) == 3
    assert avtss_fp(*begin, '--backend', 'faiss', '--index-factory', 'Flat')[0] == 0
    assert collections(server) == before


@needs_server
def test_a_server_killed_while_indexing_costs_nothing(
    server, media, model, index, avtss_fp, tmp_path
):
    mine = tmp_path / 'INDEX'
    command = [sys.executable, ROOT / 'tools/fingerprint.py', 'index', media, '-o', mine]
    run = subprocess.Popen([*command, *options(server, model)], stderr=subprocess.PIPE, text=True)
    while not files_in(mine):
        assert run.poll() is None, run.stderr.read()
        time.sleep(0.01)
    server.kill()
    err = run.communicate()[1]
    assert run.returncode == 2 and 'Traceback' not in err
    assert err.splitlines()[-1].startswith(f'error: Milvus at {server.uri} ')
    status, out, err = avtss_fp('query', media / '2.mp4', mine)  # from the catalog
    assert status == 0 and str(media / '2.mp4') in out
    server.start()
    status, out, err = avtss_fp('index', media, '-o', mine)
    assert status == 0 and '6 files (0 files added, 6 unchanged)' in out
    stats = json.loads(avtss_fp('stats', mine, '--json')[1])
    assert stats['backends']['audio']['vectors'] == stats['audio_chunks'] > 0

    server.kill()
    for arguments in (['query', media / '2.mp4'], ['dedup'], ['stats'], ['delete']):
        arguments.insert(len(arguments) if arguments[0] == 'query' else 1, mine)
        arguments += [media / '2.mp4'] if arguments[0] == 'delete' else []
        status, out, err = avtss_fp(*arguments)
        assert (status, out) == (2, '')
        assert err.splitlines()[-1].startswith(f'error: Milvus at {server.uri} ')
        assert 'Traceback' not in err
    server.start()
    assert avtss_fp('dedup', mine)[:2] == avtss_fp('dedup', index)[:2]


def files_in(index):
    try:
        with FingerprintIndex(index) as opened:
            return len(opened.catalog.files)
    except UsageError:  # not there yet
        return 0


@needs_server
def test_a_server_killed_between_two_requests_is_filled_up(server, tmp_path, monkeypatch):
    from avtss_mm.fingerprint.index import milvus_index
    from avtss_mm.fingerprint.index.milvus_index import MilvusIndex

    monkeypatch.setattr(index_module, 'TRACKS', 1)
    monkeypatch.setattr(milvus_index, 'RETRIES', 5)
    add, search, added = MilvusIndex.add, MilvusIndex.search, []

    def add_and_kill(self, vectors, ids):
        add(self, vectors, ids)
        added.extend(ids.tolist())
        if len(added) == 36:
            server.kill()

    def kill_and_search(self, *arguments):
        server.kill()
        return search(self, *arguments)

    monkeypatch.setattr(MilvusIndex, 'add', add_and_kill)
    files = [{'video': chunks(seed)['video']} for seed in range(6)]
    with make_index(tmp_path / 'INDEX', files) as made:
        place = dict(backend='milvus', milvus_uri=server.uri, collection='killed_between')
        made.catalog.set_metadata(**place)
        with pytest.raises(UsageError, match=f'{server.uri} fails: .*the same command goes on'):
            made.save()
    server.start()
    with FingerprintIndex(tmp_path / 'INDEX', write=True) as opened:
        opened.save()
        wanted = np.concatenate([t.chunk_ids for t in opened.catalog.tracks_of('video')])
        assert sorted(opened.vectors('video').ids()) == sorted(wanted) == sorted(added)
        asked = opened.whiten('video', chunks(3)['video'][1])
        found = opened.vectors('video').search(asked, 3)[1]
        monkeypatch.setattr(MilvusIndex, 'search', kill_and_search)
        with pytest.raises(UsageError, match=f'{server.uri} fails: '):
            opened.vectors('video').search(asked, 3)
    server.start()
    monkeypatch.setattr(MilvusIndex, 'search', search)
    with FingerprintIndex(tmp_path / 'INDEX') as opened:
        assert (opened.vectors('video').search(asked, 3)[1] == found).all()
        own = opened.catalog.files['/003.mp4'].tracks['video']
        assert found[:, 0].tolist() == own.chunk_ids.tolist()
