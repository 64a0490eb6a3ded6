"""Heads of other papers compared with a plain loop."""

import logging

import pytest
import torch
from helpers.contrastive_batch import TAU, NearestInAgreement, embeddings, everywhere, filled_queues
from mmaction.registry import MODELS
from mmengine.logging import MessageHub, MMLogger

from avtss_mm.models import (
    AgreementContrastiveHead,
    ContrastiveHead,
    NearestNeighborContrastiveHead,
)


@pytest.fixture(autouse=True)
def epoch_zero():
    MessageHub.get_current_instance().update_info('epoch', 0)


def test_without_sound_nothing_agrees_and_the_target_stays():
    valid = everywhere()
    valid['audio'][:] = False
    losses = []
    for num in (0, 2):
        head = NearestInAgreement(TAU, num, (1, 3), num, (4, 9), 0)
        results = head.loss(embeddings(), valid, torch.arange(6), filled_queues())
        losses.append(results['loss_v2v'].item())
    assert losses[0] == losses[1] > 0


@pytest.mark.parametrize(
    'old,new',
    [
        (dict(), ContrastiveHead),
        (dict(replace_target=False, agreement=False), ContrastiveHead),
        (dict(replace_target=True), NearestNeighborContrastiveHead),
        (dict(agreement=True), AgreementContrastiveHead),
        (dict(agreement=True, replace_target=True), NearestInAgreement.__bases__),
    ],
)
@pytest.mark.parametrize('by_config', [True, False])
def test_old_arguments_select_a_class_and_say_so(old, new, by_config, caplog):
    logger = MMLogger.get_current_instance()
    logger.addHandler(caplog.handler)
    caplog.set_level(logging.WARNING)
    if by_config:
        head = MODELS.build(dict(type='mmaction.ContrastiveHead', temperature=0.3, **old))
    else:
        head = ContrastiveHead(temperature=0.3, **old)
    logger.removeHandler(caplog.handler)
    kinds = new if isinstance(new, tuple) else (new,)
    assert all(isinstance(head, kind) for kind in kinds) and head.temperature == 0.3
    assert (type(head) is ContrastiveHead) == ('deprecated' not in caplog.text)
    assert not head.state_dict()  # older checkpoints still fit
