"""Files on an S3 server, by HTTP and in LMDB, through the commands and the data set."""

from __future__ import annotations

import json
import time

import boto3
import lmdb
import numpy as np
import pytest
from helpers.commands import tool
from helpers.servers import BUCKET, http_server, s3_server
from helpers.small_encoder import write_model
from test_tools.test_make_shards import NAMES, PIPELINE, loose, rows_of, run, shards  # noqa: F401

from avtss_mm.apis import Embedder
from avtss_mm.datasets import AudioVisualDataset
from avtss_mm.errors import MediaError
from avtss_mm.files.feature_file import load_features
from avtss_mm.fingerprint.cli import main as avtss_fp


@pytest.fixture
def s3(loose, monkeypatch):  # noqa: F811
    with s3_server(loose, monkeypatch) as url:
        yield url


def with_init(**options) -> list[dict]:
    return [dict(type='AVInit', **options), *PIPELINE[1:]]


def assert_same_samples(one, two):
    for index in (2, 0, 3, 1):
        plain, other = one[index], two[index]
        for key in ('imgs', 'audios'):
            assert plain['inputs'][key].equal(other['inputs'][key])
        assert plain['data_samples'].gt_label == other['data_samples'].gt_label


def test_samples_from_s3_with_a_cache(loose, s3, tmp_path):  # noqa: F811
    plain = AudioVisualDataset('manifest.json', PIPELINE, data_root=str(loose))
    cached = with_init(file_cache=dict(folder=str(tmp_path / 'cache'), gb=1))
    for pipeline in (PIPELINE, cached, cached):
        assert_same_samples(plain, AudioVisualDataset('manifest.json', pipeline, data_root=s3))
    kept = [path for path in (tmp_path / 'cache').rglob('*') if path.is_file()]
    assert sum(path.stat().st_size for path in kept) == sum(
        (loose / name).stat().st_size for name in NAMES
    )


def test_samples_from_shards_by_http(loose, shards, tmp_path):  # noqa: F811
    plain = AudioVisualDataset('manifest.json', PIPELINE, data_root=str(loose))
    with http_server(shards) as server:
        remote = AudioVisualDataset('manifest.json', PIPELINE, data_root=server.url)
        assert_same_samples(plain, remote)
        asked = [path for path, _ in server.requests]
        assert len(asked) == 5
        assert asked[0] == '/manifest.json'


def test_a_file_that_comes_too_late_is_a_bad_file(loose):  # noqa: F811
    with http_server(loose) as server:
        options = dict(data_root=server.url, timeout=2.0, max_bad_fraction=0.9)
        dataset = AudioVisualDataset('manifest.json', PIPELINE, test_mode=True, **options)
        assert dataset[0]
        server.delay = 30.0
        start = time.monotonic()
        with pytest.raises(RuntimeError, match=f'{server.url}/{NAMES[1]}: no answer within 2 s'):
            dataset[1]
        assert time.monotonic() - start < 20
        server.delay = 0.0
        assert dataset[1]


def test_samples_from_a_storage_of_mmengine(loose, tmp_path):  # noqa: F811
    rows = [row for row in rows_of(loose / 'manifest.json') if row['filename'].isascii()]
    path = tmp_path / 'list.json'
    path.write_text(json.dumps(dict(metainfo={}, data_list=[*rows, dict(filename='gone.mp4')])))
    with lmdb.open(str(tmp_path / 'db'), map_size=2**26) as storage:
        with storage.begin(write=True) as writer:
            for row in rows:
                writer.put(row['filename'].encode(), (loose / row['filename']).read_bytes())
    stored = with_init(backend_args=dict(backend='lmdb', db_path=str(tmp_path / 'db')))
    plain = AudioVisualDataset(str(path), PIPELINE, data_prefix=dict(video=str(loose)))
    other = AudioVisualDataset(str(path), stored, test_mode=True)
    for index in range(3):
        for key in ('imgs', 'audios'):
            assert plain[index]['inputs'][key].equal(other[index]['inputs'][key])
    with pytest.raises(RuntimeError, match=r'gone\.mp4: the storage has no such file'):
        other[3]


def test_lists_may_not_make_urls_be_fetched(loose, tmp_path):  # noqa: F811
    with http_server(loose) as server:
        rows = [dict(filename=f'{server.url}/{name}') for name in NAMES]
        path = tmp_path / 'list.json'
        path.write_text(json.dumps(dict(metainfo={}, data_list=rows)))
        with pytest.raises(ValueError, match='leads out of'):
            AudioVisualDataset('list.json', PIPELINE, data_root=str(tmp_path))
        options = dict(data_root=str(tmp_path), allow_outside=True)
        assert not server.requests
        assert AudioVisualDataset('list.json', PIPELINE, **options)[0]


@pytest.mark.slow
def test_list_features_and_index(loose, shards, s3, tmp_path, monkeypatch, capsys):  # noqa: F811
    monkeypatch.chdir(tmp_path)
    words = (s3, '-o', 'list.json', '--labels', 'folder', '--workers', 1)
    run('build_manifest.py', *words)
    assert rows_of('list.json') == rows_of(loose / 'manifest.json')
    with pytest.raises(SystemExit, match='is a URL: give -o FILE'):
        run('build_manifest.py', s3)

    config, checkpoint = write_model(tmp_path / 'model')
    tables = []
    for number, source in enumerate((loose / 'manifest.json', f'{s3}/manifest.json', s3)):
        where = (config, checkpoint, source, '-o', f'{number}.npz', '--device', 'cpu')
        tool('extract_features.py', *where, '--workers', 1)
        tables.append(load_features(f'{number}.npz')[0])
    for table in tables[1:]:
        for key in ('filename', 'video_feat', 'audio_feat', 'start', 'end'):
            np.testing.assert_array_equal(tables[0][key], table[key], err_msg=key)
    embedder = Embedder(checkpoint, config, 'cpu')
    one, two = embedder.embed(loose / NAMES[0]), embedder.embed(f'{s3}/{NAMES[0]}')
    np.testing.assert_array_equal(one['video'].feat, two['video'].feat)

    work = ('--device', 'cpu', '--workers', '1')
    avtss_fp(['index', s3, '-o', 'INDEX', '--checkpoint', checkpoint, *work])
    assert 'INDEX: 4 files (4 files added' in capsys.readouterr().out
    avtss_fp(['index', s3, '-o', 'INDEX', *work])
    assert '0 files added, 4 unchanged' in capsys.readouterr().out
    query = ['query', f'{s3}/{NAMES[1]}', 'INDEX', '--json', '--html', 'page.html', *work]
    avtss_fp([*query, '--threshold', '0'])
    best = json.loads(capsys.readouterr().out)[0]
    assert best['video'] == f'{s3}/{NAMES[1]}'
    avtss_fp(['delete', 'INDEX', f'{s3}/cat'])
    assert 'INDEX: 2 files removed, 2 left' in capsys.readouterr().out


def test_drop_unreadable_as_the_message_of_training_advises(loose, tmp_path):  # noqa: F811
    with http_server(loose) as server:
        rows = [*rows_of(loose / 'manifest.json'), dict(filename='gone.mp4')]
        (loose / 'more.json').write_text(json.dumps(dict(metainfo={}, data_list=rows)))
        words = (f'{server.url}/more.json', '--root', server.url, '-o', tmp_path / 'good.json')
        run('drop_unreadable.py', *words, '--workers', 1)
        (loose / 'more.json').unlink()
    assert rows_of(tmp_path / 'good.json') == rows[:-1]


def test_a_checkpoint_with_a_url(s3, tmp_path):
    config, checkpoint = write_model(tmp_path / 'model')
    boto3.client('s3').upload_file(checkpoint, BUCKET, 'small.pth')
    one = Embedder(checkpoint, config, 'cpu')
    two = Embedder(f's3://{BUCKET}/small.pth', config, 'cpu')
    assert one.weights_sha256() == two.weights_sha256()
    with pytest.raises(MediaError, match=f'^s3://{BUCKET}/absent.pth: no such file'):
        Embedder(f's3://{BUCKET}/absent.pth', config, 'cpu')


@pytest.mark.slow
def test_results_go_to_a_disk(tmp_path):
    for place in ('work_dir', 'default_hooks.checkpoint.out_dir'):
        words = ('configs/demo/avtss_tiny.py', '--cfg-options', f'{place}=s3://bucket/work')
        refused = tool('train.py', *words, check=False)
        assert refused.returncode == 1
        assert ' is s3://bucket/work, a URL: logs and checkpoints' in refused.stderr
    for name, *words in (
        ('data/resize_videos.py', tmp_path, 's3://bucket/small'),
        ('fingerprint.py', 'distort', tmp_path, '-o', 's3://bucket/copies'),
        ('fingerprint.py', 'distort', 'a.mp4', '-o', tmp_path, '--sheet', 's3://bucket/a.png'),
        ('fingerprint.py', 'query', 'a.mp4', tmp_path, '--html', 's3://bucket/a.html'),
        ('data/make_toy_dataset.py', 's3://bucket/toy'),
        ('data/prepare_free_media.py', 's3://bucket/free'),
        ('data/prepare_copies.py', 'a.json', '-o', 's3://bucket/copies'),
        ('data/film_pictures.py', 'a.json', '-o', 's3://bucket/films'),
        ('study.py', 'a.py', '--out', 's3://bucket/study'),
        ('evaluate_all.py', 'a.py', 'a.pth', '--out', 's3://bucket/all'),
        ('browse_dataset.py', 'a.py', '--out', 's3://bucket/pictures'),
        ('export_backbone.py', 'a.pth', '-o', 's3://bucket/a.onnx'),
        ('import_weights.py', 'a.pth', '-o', 's3://bucket/b.pth'),
        ('publish_encoders.py', 'a.pth', 's3://bucket/a.safetensors'),
    ):
        refused = tool(name, *words, check=False)
        assert refused.returncode == 2
        assert f'{words[-1]} is a URL: results are written to a disk' in refused.stderr
