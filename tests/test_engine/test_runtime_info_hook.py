"""What a step returns reaches the log unchanged, in one piece."""

from __future__ import annotations

from types import SimpleNamespace

import torch
from mmengine.hooks import RuntimeInfoHook
from mmengine.logging import MessageHub

from avtss_mm.engine import AVRuntimeInfoHook


def logged(hook, name, outputs) -> dict:
    hub = MessageHub.get_instance(name)
    hook.after_train_iter(SimpleNamespace(message_hub=hub), 0, None, outputs)
    return {key: buffer.current() for key, buffer in hub.log_scalars.items()}


def test_numbers_are_those_of_mmengine():
    outputs = dict(
        loss=torch.tensor(1 / 3, requires_grad=True),
        loss_v2v=torch.tensor([0.1]),
        share=torch.tensor(1 / 7, dtype=torch.float64),
        elsewhere=0.7,
    )
    expected = logged(RuntimeInfoHook(), 'stock', outputs)
    assert logged(AVRuntimeInfoHook(), 'ours', outputs) == expected and len(expected) == 4
    assert isinstance(outputs['loss'], torch.Tensor)  # other hooks need it


def test_steps_without_a_loss():
    for outputs in (None, {}, dict(loss=0.5)):
        expected = logged(RuntimeInfoHook(), f'stock {outputs}', outputs)
        assert logged(AVRuntimeInfoHook(), f'ours {outputs}', outputs) == expected
