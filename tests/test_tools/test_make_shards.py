"""Tar shards through the commands that write, list and read them."""

from __future__ import annotations

import json
import os
import runpy
import tarfile
from pathlib import Path

import numpy as np
import pytest
from helpers.commands import ROOT, tool
from helpers.folders import rejects_of, write_tar
from helpers.small_encoder import write_model

from avtss_mm.apis import Embedder
from avtss_mm.datasets import AudioVisualDataset
from avtss_mm.files.feature_file import load_features
from avtss_mm.fingerprint.cli import main as avtss_fp

NAMES = ('cat/a.mp4', 'cat/b.1.mkv', 'dog barks/b.2.mkv', 'dog barks/ü.webm')


def run(name, *arguments):
    runpy.run_path(str(ROOT / 'tools/data' / name))['main']([str(word) for word in arguments])


def rows_of(path) -> list[dict]:
    return json.loads(Path(path).read_text())['data_list']


@pytest.fixture(scope='module')
def loose(tmp_path_factory, make_video):
    """A folder of four videos in two classes, with its manifest."""
    root = tmp_path_factory.mktemp('loose')
    for seed, name in enumerate(NAMES):
        make_video(root / name, duration=4, size=(64, 96), seed=seed, audio='noise')
    run('build_manifest.py', root, '--labels', 'folder', '--workers', 1)
    return root


@pytest.fixture(scope='module')
def shards(loose, tmp_path_factory):
    """The same in shards of two files or less."""
    out = tmp_path_factory.mktemp('shards')
    size = max((loose / name).stat().st_size for name in NAMES) * 2.1
    words = (loose / 'manifest.json', '-o', out, '--gb', size / 1e9, '--workers', 1)
    run('make_shards.py', *words)
    return out


def test_rows_of_shards_are_those_of_the_list(loose, shards):
    before, after = (json.loads((x / 'manifest.json').read_text()) for x in (loose, shards))
    assert after['metainfo']['classes'] == ['cat', 'dog barks']
    assert len(list(shards.glob('*.tar'))) == 2
    for one, two in zip(before['data_list'], after['data_list'], strict=True):
        shard, span, _ = two['filename'].split('/', 2)
        offset, size = map(int, span.split('+'))
        with open(shards / shard, 'rb') as file:
            file.seek(offset)
            assert file.read(size) == (loose / one['filename']).read_bytes()
        assert {**one, 'filename': ''} == {**two, 'filename': ''}


def test_webdataset_finds_one_sample_per_file(loose, shards):
    samples = {}
    for path in sorted(shards.glob('*.tar')):
        with tarfile.open(path) as tar:
            for info in tar:
                folder, base = os.path.split(info.name)
                key, _, suffix = base.partition('.')
                samples.setdefault((folder, key), {})[suffix] = tar.extractfile(info).read()
    assert [sorted(sample) for sample in samples.values()] == [
        ['json', 'mp4'], ['json', 'mkv'], ['json', 'mkv'], ['json', 'webm'],
    ]  # fmt: skip
    facts = [json.loads(sample['json']) for sample in samples.values()]
    assert [(row['filename'], row['label'], row['class']) for row in facts] == [
        (NAMES[0], 0, 'cat'), (NAMES[1], 0, 'cat'),
        (NAMES[2], 1, 'dog barks'), (NAMES[3], 1, 'dog barks'),
    ]  # fmt: skip


def test_foreign_shards_are_listed_with_their_labels(shards, tmp_path, capsys):
    out = tmp_path / 'list.json'
    run('build_manifest.py', shards, '-o', out, '--labels', 'siblings', '--workers', 1)
    assert sorted(map(str, rows_of(out))) == sorted(map(str, rows_of(shards / 'manifest.json')))
    assert json.loads(out.read_text())['metainfo']['classes'] == ['cat', 'dog barks']
    assert rejects_of(tmp_path / 'rejects.csv') == {}


def test_names_that_webdataset_would_join(loose, tmp_path):
    names = ['x.mp4', 'x.mkv', 'x.1.mp4', 'x_1.mp4', 'y/x.mp4']
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(name.encode())
    rows = [dict(filename=name) for name in names]
    (tmp_path / 'list.json').write_text(json.dumps(dict(metainfo={}, data_list=rows)))
    run('make_shards.py', tmp_path / 'list.json', '-o', tmp_path / 'out', '--workers', 1)
    with tarfile.open(tmp_path / 'out/shard-000000.tar') as tar:
        members = tar.getnames()
        first = [tar.extractfile(name).read().decode() for name in members[::2]]
    assert first == names
    keys = [name.rpartition('.')[0] for name in members]
    assert keys[::2] == keys[1::2] == ['x', 'x_2', 'x_1', 'x_1_2', 'y/x']


def test_several_lists_share_the_shards(loose, tmp_path):
    content = json.loads((loose / 'manifest.json').read_text())
    for name, some in (('train', [0, 1, 3]), ('val', [1, 2])):
        rows = [content['data_list'][number] for number in some]
        (tmp_path / f'{name}.json').write_text(json.dumps({**content, 'data_list': rows}))
    lists = (tmp_path / 'train.json', tmp_path / 'val.json')
    run('make_shards.py', *lists, '-o', tmp_path / 'out', '--root', loose, '--workers', 1)
    train, val = (rows_of(tmp_path / f'out/{name}.json') for name in ('train', 'val'))
    assert train[1] == val[0]
    with tarfile.open(tmp_path / 'out/shard-000000.tar') as tar:
        assert len([name for name in tar.getnames() if not name.endswith('.json')]) == 4


def test_resume_rejects_and_refusals(loose, tmp_path, capsys):
    rows = [*rows_of(loose / 'manifest.json'), dict(filename='gone.mp4')]
    source, out = tmp_path / 'some.json', tmp_path / 'out'
    source.write_text(json.dumps(dict(metainfo={}, data_list=rows)))
    words = (source, '-o', out, '--root', loose, '--gb', 1e-9, '--workers', 1)
    run('make_shards.py', *words)
    assert rejects_of(out / 'rejects.csv') == {'gone.mp4': 'No such file or directory'}
    assert len(rows_of(out / 'some.json')) == 4
    written = {path.name: path.stat().st_mtime_ns for path in out.glob('*.tar')}
    before = (out / 'shard-000001.tar').read_bytes()
    (out / 'shard-000001.tar').write_bytes(before[:-1])
    (out / 'some.json').unlink()
    run('make_shards.py', *words)
    assert (out / 'shard-000001.tar').read_bytes() == before
    kept = {p.name for p in out.glob('*.tar') if p.stat().st_mtime_ns == written[p.name]}
    assert kept == written.keys() - {'shard-000001.tar'}
    with pytest.raises(SystemExit, match='shards of something else .shard-000001.tar'):
        run('make_shards.py', *words, '--gb', 1)
    (tmp_path / 'other').mkdir()
    write_tar(tmp_path / 'other/shard-000000.tar', {'x': b''})
    with pytest.raises(SystemExit, match='shards of something else .shard-000000.tar'):
        run('make_shards.py', source, '-o', tmp_path / 'other', '--root', loose)
    with pytest.raises(SystemExit, match=f'error: {loose} is a folder: .*build_manifest.py'):
        run('make_shards.py', loose, '-o', out)
    with pytest.raises(SystemExit, match='is the list itself'):
        run('make_shards.py', source, '-o', tmp_path, '--root', loose)


PIPELINE = [
    dict(type='AVInit'),
    dict(type='SampleAVClips', clip_len=8, video_fps=8, speeds=(1, 2)),
    dict(type='AVDecode'),
    dict(type='PerClip', transforms=[
        dict(type='RandomResizedCrop'), dict(type='Resize', scale=(32, 32), keep_ratio=False)]),
    dict(type='FormatShape', input_format='NCTHW'),
    dict(type='MelSpectrogram', num_mels=20, num_columns=40, hop_duration=0.025),
    dict(type='PackActionInputs', collect_keys=('imgs', 'audios'), meta_keys=('sample_idx',)),
]  # fmt: skip


def test_samples_are_bit_equal(loose, shards):
    roots = map(str, (loose, shards))
    one, two = (AudioVisualDataset('manifest.json', PIPELINE, data_root=root) for root in roots)
    for epoch in range(2):
        for dataset in (one, two):
            dataset.full_init()
            dataset.set_epoch(epoch, seed=3)
        for index in (3, 0, 2, 1):
            plain, packed = one[index], two[index]
            for key in ('imgs', 'audios'):
                assert plain['inputs'][key].equal(packed['inputs'][key])
            assert plain['data_samples'].gt_label == packed['data_samples'].gt_label


def test_a_cut_shard_is_a_bad_file_like_any_other(shards, tmp_path, capsys):
    for path in shards.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    os.truncate(tmp_path / 'shard-000001.tar', 3000)
    options = dict(data_root=str(tmp_path), max_bad_fraction=0.9)
    dataset = AudioVisualDataset('manifest.json', PIPELINE, **options)
    for index in range(4):
        assert dataset[index]
    assert dataset.num_skipped >= 2
    first, second = (row['filename'] for row in rows_of(shards / 'manifest.json')[2:])
    text = f'skipped {tmp_path}/{first}: the shard is cut: it ends after 3,000 bytes'
    assert text in capsys.readouterr().out
    with pytest.raises(RuntimeError, match='the shard is cut'):
        AudioVisualDataset('manifest.json', PIPELINE, data_root=str(tmp_path), test_mode=True)[3]


@pytest.mark.slow
def test_features_index_and_sheets(loose, shards, tmp_path, monkeypatch, capsys):
    config, checkpoint = write_model(tmp_path / 'model')
    tables = []
    for number, source in enumerate((loose / 'manifest.json', shards / 'manifest.json', shards)):
        out = tmp_path / f'{number}.npz'
        words = (config, checkpoint, source, '-o', out, '--device', 'cpu', '--workers', 1)
        tool('extract_features.py', *words)
        tables.append(load_features(out)[0])
    for table in tables[1:]:
        order = np.argsort([name.split('/', 2)[2] for name in table['filename']], kind='stable')
        for key in ('video_feat', 'audio_feat', 'start', 'end'):
            np.testing.assert_array_equal(tables[0][key], table[key][order], err_msg=key)
    embedder = Embedder(checkpoint, config, 'cpu')
    address = shards / rows_of(shards / 'manifest.json')[0]['filename']
    one, two = embedder.embed(loose / NAMES[0]), embedder.embed(address)
    np.testing.assert_array_equal(one['video'].feat, two['video'].feat)

    monkeypatch.chdir(tmp_path)
    work = ('--device', 'cpu', '--workers', '1')
    avtss_fp(['index', str(shards), '-o', 'INDEX', '--checkpoint', checkpoint, *work])
    assert 'INDEX: 4 files (4 files added' in capsys.readouterr().out
    query = ['query', str(loose / NAMES[1]), 'INDEX', '--json', *work]
    avtss_fp([*query, '--html', 'page.html', '--embed', '--threshold', '0'])
    best = json.loads(capsys.readouterr().out)[0]
    row = rows_of(shards / 'manifest.json')[1]
    assert best['video'] == str(shards / row['filename'])
    assert 'data:video/mp4' in Path('page.html').read_text()
    avtss_fp(['index', str(shards), '-o', 'INDEX', *work])
    assert '0 files added, 4 unchanged' in capsys.readouterr().out
    avtss_fp(['delete', 'INDEX', str(shards / 'shard-000000.tar')])
    assert 'INDEX: 2 files removed, 2 left' in capsys.readouterr().out

    text = f"""
train_dataloader = dict(dataset=dict(type='AudioVisualDataset', data_root={str(shards)!r},
    ann_file='manifest.json', pipeline={PIPELINE!r}))
"""
    Path('data.py').write_text(text)
    tool('browse_dataset.py', 'data.py', '--num', 2, '--out', 'sheets')
    assert len(list(Path('sheets').glob('*.png'))) == 2
