"""The encoders alone give the features of their recognizer, also with one modality missing."""

import numpy as np
import pytest
import torch
from mmaction.registry import MODELS

from avtss_mm.models.recognizers.av_encoder import fill_silence

VIDEO = dict(type='R2Plus1D', stage_blocks=(1, 1, 1, 1), base_channels=4)
AUDIO = dict(type='SpectrogramResNet', depth=10, base_channels=4)


@pytest.fixture
def recognizer(make_recognizer):
    return make_recognizer().eval()


def predict(model, inputs, samples):
    with torch.no_grad():
        return model(inputs, samples, mode='predict')


@pytest.mark.parametrize('sides', [('video',), ('audio',), ('video', 'audio')])
def test_equals_the_recognizer(recognizer, make_batch, sides):
    parts = dict(
        video=dict(backbone=VIDEO), audio=dict(audio_backbone=AUDIO, audio_neck=recognizer_neck())
    )
    config = dict(type='AVEncoder')
    for side in sides:
        config.update(parts[side])
    encoder = MODELS.build(config).eval()
    encoder.load_state_dict(recognizer.state_dict(), strict=False)
    inputs, samples = make_batch()
    expected = predict(recognizer, inputs, make_batch()[1])
    for got, want in zip(predict(encoder, inputs, samples), expected):
        for side in ('video', 'audio'):
            assert (f'{side}_feat' in got) == (side in sides)
            if side in sides:
                assert got.get(f'{side}_feat').equal(want.get(f'{side}_feat'))
        assert 'video_embedding' not in got  # no projection of the picture was asked for
        if 'audio' in sides:
            assert got.audio_embedding.equal(want.audio_embedding)


def recognizer_neck():
    return dict(type='ProjectionNeck', in_channels=32, hidden_channels=24, out_channels=8)


def test_is_not_trained(make_batch):
    with pytest.raises(NotImplementedError, match='for evaluation'):
        MODELS.build(dict(type='AVEncoder', backbone=VIDEO))(*make_batch(2), mode='loss')


@pytest.fixture
def fusion():
    torch.manual_seed(0)
    return MODELS.build(
        dict(
            type='LateFusionRecognizer',
            num_classes=3,
            in_channels=dict(video=32, audio=32),
            dropout_ratio=0.0,
            backbone=VIDEO,
            audio_backbone=AUDIO,
        )
    )


def labelled(make_batch, **kwargs):
    inputs, samples = make_batch(**kwargs)
    for i, sample in enumerate(samples):
        sample.set_gt_label(i % 3)
    return inputs, samples


def test_late_fusion_averages_the_probabilities(fusion, make_batch):
    has_audio = np.array([[True, True], [True, False], [False, False], [True, True]])
    inputs, samples = labelled(make_batch, num_videos=4, has_audio=has_audio)
    inputs['imgs'] = inputs['imgs'].repeat(1, 3, 1, 1, 1, 1)  # three crops: 6 clips, 2 of sound
    predictions = predict(fusion.eval(), inputs, samples)
    with torch.no_grad():
        h = fusion.extract_feat(inputs)
        video, audio = (
            torch.softmax(fusion.classifiers[name](h[name]), dim=-1) for name in ('video', 'audio')
        )
    for i, sample in enumerate(predictions):
        expected = video[i].mean(dim=0)
        heard = audio[i][torch.from_numpy(has_audio[i])]
        if len(heard):
            expected = (expected + heard.mean(dim=0)) / 2
        assert torch.allclose(sample.pred_score, expected, atol=1e-6)
        assert sample.pred_label.item() == expected.argmax()


def test_late_fusion_leaves_silence_out_of_the_loss(fusion, make_batch):
    has_audio = np.ones((8, 2), bool)
    has_audio[3:] = False
    inputs, samples = labelled(make_batch, has_audio=has_audio)
    fusion.train()
    losses = fusion(inputs, samples, mode='loss')
    noise = dict(inputs, audios=inputs['audios'].clone())
    noise['audios'][3:] = 1e3 * torch.randn_like(noise['audios'][3:])
    assert fusion(noise, samples, mode='loss')['loss_audio'].equal(losses['loss_audio'])
    assert losses['loss_video'].isfinite() and 0 <= losses['acc_audio'] <= 1
    silent = labelled(make_batch, has_audio=False)
    losses = fusion(*silent, mode='loss')
    assert losses['loss_audio'] == 0 and losses['loss_audio'].requires_grad


def test_silence_is_filled_with_sound_of_the_batch(make_batch):
    has_audio = np.array([[True, False], [False, True], [False, False]])
    inputs, _ = make_batch(num_videos=3)
    filled = fill_silence(inputs, has_audio)
    assert filled['imgs'] is inputs['imgs']
    sounds = inputs['audios'].flatten(0, 1)
    for clip, there, sound in zip(filled['audios'].flatten(0, 1), has_audio.ravel(), sounds):
        assert clip.equal(sound) if there else any(clip.equal(sounds[i]) for i in (0, 3))
    for all_or_none in (True, False):
        assert fill_silence(inputs, np.full((3, 2), all_or_none)) is inputs


def test_late_fusion_learns_from_both(fusion, make_batch):
    inputs, samples = labelled(make_batch, num_videos=6)
    optimizer = torch.optim.Adam(fusion.parameters(), lr=3e-3)
    first = None
    for _ in range(25):
        losses = fusion(inputs, samples, mode='loss')
        first = first or {k: v.item() for k, v in losses.items()}
        optimizer.zero_grad()
        (losses['loss_video'] + losses['loss_audio']).backward()
        optimizer.step()
    for name in ('loss_video', 'loss_audio'):
        assert losses[name] < 0.5 * first[name]
