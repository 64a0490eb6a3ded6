"""Windows and features of real videos."""

import dataclasses

import numpy as np
import pytest
from helpers.small_encoder import write_model
from mmengine.config import Config

from avtss_mm.apis import Embedder
from avtss_mm.errors import UsageError
from avtss_mm.media.manifest import build_manifest, load_manifest, save_manifest
from avtss_mm.study.measures.copies import make_copies
from avtss_mm.study.measures.features import CLIPS, embed_rows, read_rows, whole_rows, window_pairs
from avtss_mm.study.measures.windows import StudyWindows
from avtss_mm.study.plan import read_study

LENGTHS = dict(clip_len=8, video_fps=12.5)


@pytest.fixture(scope='module')
def study(tmp_path_factory, make_video):
    root = tmp_path_factory.mktemp('videos')
    for i, audio in enumerate(('noise', None)):
        make_video(root / f'{i}.mp4', duration=6.5, fps=12.5, size=(64, 80), audio=audio, seed=i)
    rows, _ = build_manifest(root)
    rows = [dict(row, label=i) for i, row in enumerate(rows)]
    save_manifest(root / 'test.json', rows, ['b-low', 'a-low'])
    values = dict(
        data=dict(root=str(root), factors=('side', 'pitch')), seeds=(0,), budget=dict(epochs=1),
        variants=dict(a=dict(config='x')), measures=('temporal',), temporal=dict(draws=3),
    )  # fmt: skip
    return read_study(Config(values), root / 'out', 'mine')


@pytest.fixture(scope='module')
def files(study, tmp_path_factory):
    config, checkpoint = write_model(tmp_path_factory.mktemp('model'))
    cfg = Config.fromfile(config)
    rows, _ = read_rows(study.root / 'test.json', study.data['factors'])
    return embed_rows(study, cfg, checkpoint, study.root, rows, True, 1.0), checkpoint


def test_all_windows_of_a_file(study, files):
    first, second = files[0]
    assert first.row['filename'] == '0.mp4'  # in the order of the manifest
    assert first.grid['video'].times[:, 0].tolist() == [0, 1, 2, 3, 4, 5]
    assert np.allclose(first.grid['audio'].times[:, 1], np.arange(6) + 0.64)
    assert len(first.whole['video'].feat) == 4 and len(first.pairs) == 3
    for pair, label in zip(first.pairs, first.labels):
        assert np.allclose(pair['audio'].times, label['audio_windows'])  # labels of these windows
    assert not second.grid['audio'].has_audio.any()
    pairs = window_pairs([first, second])
    assert (
        pairs.features['video'].shape == (6, 2, 32) and pairs.videos.tolist() == [0] * 3 + [1] * 3
    )
    assert pairs.has_audio.tolist() == [[True] * 2] * 3 + [[False] * 2] * 3


def test_features_are_those_of_the_embedder(study, files):
    """A clip has the same features whether it is decoded alone or with other windows."""
    (first, _), checkpoint = files
    alone = Embedder(checkpoint).embed(study.root / '0.mp4')
    for modality in ('video', 'audio'):
        whole = first.whole[modality]
        assert np.allclose(whole.feat, alone[modality].feat, atol=1e-4)
        assert np.allclose(whole.embedding, alone[modality].embedding, atol=1e-4)
    row = whole_rows(files[0], 'query', 'side')[0]
    assert row['label'] == 1 and row['video_feat'].dtype == np.float16  # sides in order: a, b
    assert np.allclose(row['audio_feat'], alone['audio'].mean().feat[0], atol=1e-2)
    assert 'audio_feat' not in whole_rows(files[0], 'query')[1]


def test_backward_and_fast_pairs_differ_from_plain_ones(files):
    """The drawn speeds and directions reach the network; equal windows would be a trivial task."""
    labels = [label for file in files[0] for label in file.labels]
    speeds = np.concatenate([label['video_speed'] for label in labels])
    directions = np.concatenate([label['video_direction'] for label in labels])
    assert len(set(speeds)) > 1 and set(directions) == {0, 1}


def test_what_is_drawn_depends_on_the_name_alone():
    drawn = [dict(type='SampleAVClips', **LENGTHS)]
    windows = [StudyWindows(drawn, stride=1.0, **LENGTHS) for _ in range(2)]

    def draw(k, name):
        return windows[k].draw(name, 8.0)[1]['audio_windows']

    assert draw(0, '/here/a.mp4') == draw(1, '/there/a.mp4') != draw(0, '/here/b.mp4')
    assert StudyWindows(drawn, **LENGTHS).draw('a.mp4', 8.0)[0]['num_clips'] == 0


def test_copies_of_earlier_settings_are_not_asked(study):
    for distortions in (('gamma', 'crf'), ('crf',)):
        settings = {**study.fingerprint, 'distortions': distortions, 'num_videos': 1}
        make_copies(dataclasses.replace(study, fingerprint=settings), study.evaluations[''])
    asked, _ = load_manifest(study.out / 'copies/asked.json')
    references, _ = load_manifest(study.out / 'copies/references.json')
    assert [row['distortion'] for row in asked] == ['crf'] and len(references) == 2
    assert len(list((study.out / 'copies').glob('*/*.mp4'))) == 2


def test_names_of_classes_without_the_factors(study):
    with pytest.raises(UsageError, match='<one>-<two>-<three>'):
        read_rows(study.root / 'test.json', ('one', 'two', 'three'))


def test_lists_without_labels(study):
    rows, _ = load_manifest(study.root / 'test.json')
    save_manifest(study.root / 'bare.json', [{**row, 'label': -1} for row in rows])
    assert len(read_rows(study.root / 'bare.json', labelled=False)[0]) == 2
    with pytest.raises(UsageError, match='no duration or no label'):
        read_rows(study.root / 'bare.json')


def test_clips_are_decoded_once(study, files, monkeypatch):
    first, checkpoint = files
    rows, _ = read_rows(study.root / 'test.json', study.data['factors'])
    kept = sorted((study.out / CLIPS).rglob('*.npz'))
    assert len(kept) == 2

    def again():
        cfg = Embedder(checkpoint).config
        return embed_rows(study, cfg, checkpoint, study.root, rows, True, 1.0)

    def same(second):
        pairs = [(a.grid, b.grid) for a, b in zip(first, second)]
        pairs += [pair for a, b in zip(first, second) for pair in zip(a.pairs, b.pairs)]
        for name in ('video', 'audio'):
            assert all(np.allclose(a[name].feat, b[name].feat, atol=1e-5) for a, b in pairs)
            assert all(np.array_equal(a[name].times, b[name].times) for a, b in pairs)
        assert not second[1].grid['audio'].has_audio.any()

    kept[0].write_bytes(kept[0].read_bytes()[:5000])
    same(again())  # the damaged one was decoded again
    monkeypatch.setattr('avtss_mm.apis.clip_reader.ClipReader.read', None)
    same(again())
