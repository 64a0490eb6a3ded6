"""Features that find copies: the entropy term, its head, the network on frames."""

from __future__ import annotations

import math

import pytest
import torch
from helpers.contrastive_batch import embeddings, everywhere

from avtss_mm.models import ContrastiveHead, FrameResNet, SpectrogramResNet, SpreadContrastiveHead
from avtss_mm.models.losses import koleo


def slow_koleo(z, ids):
    total = 0.0
    for i, row in enumerate(z):
        distances = [math.dist(row, other) for j, other in enumerate(z) if ids[j] != ids[i]]
        total -= math.log(min(distances))
    return total / len(z)


def test_koleo_is_the_entropy_of_a_plain_loop():
    z = torch.nn.functional.normalize(torch.randn(12, 5, dtype=torch.float64), dim=1)
    ids = torch.arange(6).repeat_interleave(2)
    assert koleo(z, ids).item() == pytest.approx(slow_koleo(z.tolist(), ids.tolist()), rel=1e-9)


def test_koleo_pushes_nearest_neighbours_apart():
    z = torch.tensor([[1.0, 0.0], [0.8, 0.6], [-1.0, 0.0]], requires_grad=True)
    (gradient,) = torch.autograd.grad(koleo(z, torch.arange(3)), z)
    assert (gradient[0] @ z[1]).item() > 0  # descent moves the first away from the second
    same = torch.zeros(3, dtype=torch.long)
    assert koleo(z, same).item() == 0
    for rows in (z[:0], z[[0, 0]]):  # nothing; equal vectors of two videos
        value = koleo(rows, torch.arange(len(rows)))
        value.backward()
        assert math.isfinite(value.item())


def test_the_head_adds_the_term_of_each_modality():
    z, valid, ids = embeddings(), everywhere(), torch.arange(6)
    valid['audio'][2] = False  # a video without sound
    options = dict(num_positives=0, num_negatives=0)
    head = SpreadContrastiveHead(spread_weight=0.5, **options)
    results = head.loss(z, valid, ids, {})
    plain = ContrastiveHead(**options).loss(z, valid, ids, {})
    assert {name: results[name] for name in plain} == plain
    both = ids.repeat_interleave(2)
    expected = koleo(z['video'].flatten(0, 1), both)
    assert results['loss_spread_v'].item() == pytest.approx(0.5 * expected.item())
    there = both != 2
    expected = koleo(z['audio'].flatten(0, 1)[there], both[there])
    assert results['loss_spread_a'].item() == pytest.approx(0.5 * expected.item())


def test_frames_are_encoded_alone():
    torch.manual_seed(0)
    net = FrameResNet(base_channels=4).eval()
    clips = torch.randn(2, 3, 4, 32, 48)
    features = net(clips)
    assert features.shape == (2, net.out_channels, 4)
    alone = torch.cat([net(clips[:, :, t : t + 1]) for t in range(4)], dim=2)
    torch.testing.assert_close(features, alone)


@pytest.mark.parametrize('power', [1.0, 3.0])
def test_maps_are_pooled_by_their_generalised_mean(power):
    torch.manual_seed(0)
    net = FrameResNet(base_channels=4, power=power).eval()
    frames = torch.randn(2, 3, 64, 64)
    maps = SpectrogramResNet.forward(net, frames).detach().flatten(2).clamp(min=1e-6)
    expected = maps.pow(power).mean(dim=2) ** (1 / power)
    torch.testing.assert_close(net(frames[:, :, None])[..., 0], expected)
