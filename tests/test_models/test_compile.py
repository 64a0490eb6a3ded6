"""torch.compile: the encoders are one graph each, and steps stop being compiled anew."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from helpers.own_process import in_own_process
from mmengine.logging import MessageHub
from torch._dynamo.testing import CompileCounter

pytestmark = pytest.mark.slow
STEPS = 6


@pytest.fixture(autouse=True)
def fresh_compiler():
    MessageHub.get_current_instance().update_info('epoch', 0)
    torch._dynamo.reset()
    yield
    torch._dynamo.reset()


@pytest.mark.parametrize('name,key', [('backbone', 'imgs'), ('audio_backbone', 'audios')])
@in_own_process
def test_an_encoder_is_one_graph(make_recognizer, make_batch, name, key):
    encoder = getattr(make_recognizer(), name)
    inputs, _ = make_batch(2)
    torch.compile(encoder, fullgraph=True, dynamic=False, backend='eager')(
        inputs[key].flatten(0, 1)
    )


@pytest.mark.parametrize('search_length', [None, 24])
@in_own_process
def test_nothing_is_compiled_after_the_third_step(make_recognizer, make_batch, search_length):
    queue = dict(type='FeatureQueue', length=32, feat_dim=8, search_length=search_length)
    model = make_recognizer(queue=queue)
    for part in model.queues.values():  # neighbours from the first step on
        part.enqueue(
            torch.nn.functional.normalize(torch.randn(32, 8), dim=1), torch.arange(32) + 900
        )
    counter = CompileCounter()
    compiled = torch.compile(model.forward, dynamic=False, backend=counter)
    rng, graphs = np.random.default_rng(0), []
    for step in range(STEPS):
        batch = make_batch(4, seed=step, has_audio=rng.random((4, 2)) < 0.6, first_id=4 * step)
        loss, _ = model.parse_losses(compiled(*batch, mode='loss'))
        loss.backward()
        graphs.append(counter.frame_count)
    assert graphs[0] > 5 and graphs[2:] == [graphs[2]] * (STEPS - 2), graphs
