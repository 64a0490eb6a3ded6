import math

import pytest
import torch
import torch.nn.functional as F

from avtss_mm.models import ClipOrderHead, ClipPretextHead


@pytest.fixture
def features():
    torch.manual_seed(0)
    return dict(video=torch.randn(4, 2, 6), audio=torch.randn(4, 2, 5))


@pytest.fixture
def valid():
    audio = torch.ones(4, 2).bool()
    audio[1, 0] = False
    return dict(video=torch.ones(4, 2).bool(), audio=audio)


def test_clip_head_is_cross_entropy_of_labelled_clips_with_sound(features, valid):
    head = ClipPretextHead('audio', 'audio_speed', num_classes=4, in_channels=5, loss_weight=0.7)
    speeds = torch.tensor([[0, 1], [2, 3], [-1, 2], [3, 3]])
    result = head.loss(features, valid, dict(audio_speed=speeds))
    losses, hits = [], []
    for i in range(4):
        for k in range(2):
            if speeds[i, k] < 0 or not valid['audio'][i, k]:
                continue
            logits = features['audio'][i, k] @ head.fc.weight.T + head.fc.bias
            losses.append(F.cross_entropy(logits, speeds[i, k]))
            hits.append(logits.argmax() == speeds[i, k])
    assert len(losses) == 6
    assert result['loss'].item() == pytest.approx(0.7 * float(sum(losses)) / 6, rel=1e-5)
    assert result['acc'].item() == pytest.approx(float(sum(hits)) / 6)


def test_order_within_a_modality(features, valid):
    head = ClipOrderHead(('audio', 'audio'), in_channels=(5, 5), hidden_channels=8)
    order = torch.tensor([0, 1, -1, 2])
    logits, labels = head.predict(features, valid, dict(clip_order=order))
    assert labels.tolist() == [[0], [-1], [-1], [2]]
    expected = head.mlp(torch.cat([features['audio'][:, 0], features['audio'][:, 1]], dim=1))
    assert logits[:, 0].allclose(expected)


def test_order_across_modalities_uses_other_window_and_turns_label_round(features, valid):
    head = ClipOrderHead(('video', 'audio'), in_channels=(6, 5), hidden_channels=8)
    order = torch.tensor([0, 1, -1, 2])
    logits, labels = head.predict(features, valid, dict(clip_order=order))
    # pair (v1, a2), then (v2, a1); video 1 has no sound in its first window
    assert labels.tolist() == [[0, 2], [1, -1], [-1, -1], [2, 0]]
    v, a = features['video'], features['audio']
    assert logits[:, 0].allclose(head.mlp(torch.cat([v[:, 0], a[:, 1]], dim=1)))
    assert logits[:, 1].allclose(head.mlp(torch.cat([v[:, 1], a[:, 0]], dim=1)))


def test_nothing_labelled_gives_zero_with_a_graph(features, valid):
    head = ClipPretextHead('video', 'video_speed', num_classes=4, in_channels=6)
    result = head.loss(features, valid, dict(video_speed=torch.full((4, 2), -1)))
    result['loss'].backward()
    assert result['loss'] == 0 and head.fc.weight.grad.abs().max() == 0


def test_untrained_heads_are_at_chance():
    torch.manual_seed(0)
    head = ClipPretextHead('video', 'video_speed', num_classes=4, in_channels=6)
    features = dict(video=0.01 * torch.randn(500, 2, 6))
    valid = dict(video=torch.ones(500, 2).bool())
    labels = dict(video_speed=torch.randint(0, 4, (500, 2)))
    assert head.loss(features, valid, labels)['loss'].item() == pytest.approx(math.log(4), abs=0.1)
