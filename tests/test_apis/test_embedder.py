"""Features of real files, compared with those of a test run and with each other."""

from __future__ import annotations

import av
import numpy as np
import pytest
import torch
from helpers.small_encoder import CHANNELS, PROJECTED, write_model
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform
from mmengine.dataset import pseudo_collate

from avtss_mm.apis import Embedder, load_encoder
from avtss_mm.datasets import AudioVisualDataset
from avtss_mm.errors import MediaError

WINDOW = 0.64  # seconds of a clip of the demo: 8 frames at 12.5 a second


@pytest.fixture(scope='module')
def model(tmp_path_factory):
    """Paths of a config and its checkpoint."""
    return write_model(tmp_path_factory.mktemp('model'))


@pytest.fixture(scope='module')
def embedder(model):
    return Embedder(model[1], device='cpu')


@pytest.fixture(scope='module')
def video(make_video, tmp_path_factory):
    """A lossless video of three seconds with sound, to compare with its copies."""
    path = tmp_path_factory.mktemp('some videos') / 'noise.mkv'
    return make_video(path, size=(64, 96), audio='noise', audio_codec='pcm_s16le')


@pytest.fixture(scope='module')
def mute(make_video, tmp_path_factory):
    return make_video(tmp_path_factory.mktemp('mute') / 'mute.webm', 1, size=(64, 96), audio=None)


def extract_sound(video, path, codec):
    """Copies the sound track of a video into its own file."""
    with av.open(str(video)) as source, av.open(str(path), 'w') as target:
        track = target.add_stream(codec, rate=16000, layout='mono')
        track.bit_rate = 128000
        for frame in source.decode(audio=0):
            target.mux(track.encode(frame))
        target.mux(track.encode(None))
    return path


def assert_same(one, two, tolerance=1e-5):
    for key, values in vars(one).items():
        np.testing.assert_allclose(values, vars(two)[key], atol=tolerance, err_msg=key)


def test_the_means_are_what_a_test_run_predicts(model, embedder, video, mute):
    network, cfg = load_encoder(model[1], model[0], device='cpu')
    rows = [dict(filename=str(path), label=0) for path in (video, mute)]
    dataset = AudioVisualDataset('', cfg.feature_pipeline, lazy_init=True, test_mode=True)
    dataset.load_data_list = lambda: rows
    dataset.full_init()
    with torch.no_grad():
        heard, silent = network.test_step(pseudo_collate([dataset[0], dataset[1]]))
    for path, sample in ((video, heard), (mute, silent)):
        for name, clips in embedder.embed(path).items():
            mean = clips.mean()
            if f'{name}_feat' not in sample:
                assert (path, name) == (mute, 'audio')
                assert not clips.has_audio.any() and not mean.has_audio[0]
                assert np.isnan(mean.feat).all() and np.isnan(mean.embedding).all()
                continue
            np.testing.assert_allclose(mean.feat[0], sample.get(f'{name}_feat'), atol=1e-5)
            embedding = sample.get(f'{name}_embedding')
            np.testing.assert_allclose(mean.embedding[0], embedding, atol=1e-5)


def test_clips_have_times_features_and_unit_projections(embedder, video):
    both = embedder.embed(str(video))
    assert list(both) == ['video', 'audio']
    for clips in both.values():
        np.testing.assert_allclose(clips.times[:, 0], np.linspace(0, 3 - WINDOW, 4), atol=1e-3)
        np.testing.assert_allclose(clips.times[:, 1] - clips.times[:, 0], WINDOW)
        assert clips.feat.shape == (4, CHANNELS) and clips.feat.dtype == np.float32
        assert clips.embedding.shape == (4, PROJECTED)
        np.testing.assert_allclose(np.linalg.norm(clips.embedding, axis=1), 1, atol=1e-5)
        assert clips.has_audio.tolist() == [True] * 4
        assert np.ptp(clips.feat, axis=0).max() > 1e-3  # clips differ
        np.testing.assert_allclose(clips.mean().times, [[0, 3]], atol=1e-3)
    assert_same(both['video'], embedder.embed_video(video))
    assert_same(both['audio'], embedder.embed_audio(video))


def test_a_window_every_stride_seconds_in_parts_of_a_batch(model, video):
    apart = Embedder(model[1], device='cpu', stride=0.25, batch_size=4)
    starts = [*np.arange(0, 2.3, 0.25), 3 - WINDOW]  # the last one ends with the file
    sizes = [len(part) for part in apart.clip_reader(('video', 'audio')).read(video, 4)]
    assert sizes == [4, 4, 3]
    at_once = Embedder(model[1], device='cpu', stride=0.25, batch_size=100).embed(video)
    for name, clips in apart.embed(video).items():
        np.testing.assert_allclose(clips.times[:, 0], starts, atol=1e-3)
        assert_same(clips, at_once[name])
    assert len(Embedder(model[1], device='cpu', num_clips=2).embed_audio(video).feat) == 2
    with pytest.raises(ValueError, match='not both'):
        Embedder(model[1], num_clips=2, stride=1)


@pytest.mark.parametrize(
    ('name', 'codec', 'tolerance'),
    [
        ('a.wav', 'pcm_s16le', 1e-5),
        ('a.flac', 'flac', 1e-5),
        ('a.mp3', 'libmp3lame', None),
        ('a.ogg', 'libopus', None),
        ('a.m4a', 'aac', None),
    ],
)
def test_a_sound_file_has_the_features_of_its_video(
    embedder, video, tmp_path, name, codec, tolerance
):
    sound = embedder.embed_audio(extract_sound(video, tmp_path / name, codec)).mean().feat[0]
    wanted = embedder.embed_audio(video).mean().feat[0]
    if tolerance is not None:
        np.testing.assert_allclose(sound, wanted, atol=tolerance)
    else:  # lossy; the length differs by the padding of the codec
        assert sound @ wanted / np.linalg.norm(sound) / np.linalg.norm(wanted) > 0.95


def test_the_mean_leaves_out_clips_without_sound(embedder, make_video, tmp_path):
    path = make_video(tmp_path / 'late.mp4', audio='tone', size=(64, 96), audio_start=1.5)
    clips = embedder.embed_audio(path)
    assert clips.has_audio.tolist() == [False, False, True, True]
    np.testing.assert_allclose(clips.mean().feat[0], clips.feat[2:].mean(axis=0), atol=1e-6)
    assert embedder.embed_video(path).has_audio.all()


def test_what_a_file_lacks_is_said(embedder, video, mute, tmp_path):
    with pytest.raises(MediaError, match='mute.webm: no audio stream'):
        embedder.embed_audio(mute)
    sound = extract_sound(video, tmp_path / 'sound only.wav', 'pcm_s16le')
    with pytest.raises(MediaError, match='sound only.wav: no video stream'):
        embedder.embed_video(sound)
    (tmp_path / 'broken.mp4').write_text('nothing')
    for path in (tmp_path / 'broken.mp4', tmp_path / 'absent.mp4'):
        with pytest.raises(MediaError, match=path.name):
            embedder.embed(path)


@TRANSFORMS.register_module()
class Louder(BaseTransform):
    """A user's transform that does not declare that it acts on the audio."""

    def transform(self, results):
        results['audio_waveforms'] = [10 * waveform for waveform in results['audio_waveforms']]
        return results


@TRANSFORMS.register_module()
class MuchLouder(Louder):
    modality = 'audio'


def test_own_transforms_of_sound(model, embedder, video):
    _, cfg = load_encoder(*model[::-1], device='cpu')
    place = [step['type'] for step in cfg.feature_pipeline].index('AVDecode') + 1
    cfg.feature_pipeline.insert(place, dict(type='Louder'))
    with pytest.raises(ValueError, match="does Louder act on.*modality = 'audio' into the class"):
        Embedder(model[1], cfg, device='cpu').embed_audio(video)
    for held in (False, True):
        step = dict(type='MuchLouder')
        cfg.feature_pipeline[place] = dict(type='RandomApply', transforms=[step]) if held else step
        cfg.feature_pipeline[place].update(dict(prob=1.0) if held else {})
        own = Embedder(model[1], cfg, device='cpu')
        sound = own.embed_audio(video)
        assert_same(sound, own.embed(video)['audio'])
        assert np.abs(sound.feat - embedder.embed_audio(video).feat).max() > 1e-3
        assert_same(own.embed_video(video), embedder.embed_video(video))


def test_what_a_model_or_config_lacks_is_said(model, video):
    _, cfg = load_encoder(*model[::-1], device='cpu')
    cfg.model.audio_backbone = cfg.model.audio_neck = cfg.model.neck = None
    seeing = Embedder(model[1], cfg, device='cpu')
    clips = seeing.embed(video)['video']
    assert seeing.modalities == ('video',) and clips.embedding is clips.mean().embedding is None
    with pytest.raises(ValueError, match='no audio encoder'):
        seeing.embed_audio(video)

    crop = next(i for i, step in enumerate(cfg.feature_pipeline) if step['type'] == 'Resize')
    cfg.feature_pipeline.insert(crop + 1, dict(type='ThreeCrop', crop_size=48))
    with pytest.raises(ValueError, match='12 imgs of 4 windows.*CenterCrop'):
        Embedder(model[1], cfg, device='cpu').embed_video(video)
    cfg.feature_pipeline = [step for step in cfg.feature_pipeline if 'Sample' not in step['type']]
    with pytest.raises(ValueError, match='needs UniformSampleAVClips'):
        Embedder(model[1], cfg, device='cpu')
    cfg.pop('feature_pipeline')
    with pytest.raises(ValueError, match='no feature_pipeline'):
        Embedder(model[1], cfg, device='cpu')


def test_weights_are_told_apart(model, embedder):
    again, random = Embedder(model[1], device='cpu'), Embedder('random', model[0], device='cpu')
    assert again.weights_sha256() == embedder.weights_sha256() != random.weights_sha256()
