"""Files that hold encoders and the config that builds them."""

from __future__ import annotations

import pytest
import torch
from mmengine.config import Config
from mmengine.runner.checkpoint import CheckpointLoader
from safetensors.torch import save_file

from avtss_mm.apis.encoder import config_of_checkpoint, load_encoder
from avtss_mm.checkpoints.safetensors_file import read_safetensors, write_safetensors
from avtss_mm.errors import WeightsError

MODEL = dict(
    type='AVEncoder', audio_backbone=dict(type='SpectrogramResNet', depth=10, base_channels=4)
)


@pytest.fixture
def path(tmp_path):
    return tmp_path / 'encoders.safetensors'


def test_an_encoder_comes_back_with_its_config(path):
    config = Config(dict(model=MODEL))
    model, _ = load_encoder('random', config, 'cpu')
    write_safetensors(path, model.state_dict(), config)
    again, kept = load_encoder(str(path), device='cpu')
    assert kept.model.to_dict() == config.model.to_dict()
    for name, tensor in model.state_dict().items():
        mine = again.state_dict()[name]
        assert mine.dtype == tensor.dtype
        torch.testing.assert_close(mine, tensor, rtol=1e-3, atol=1e-4)  # half precision
    assert path.stat().st_size < 2.5 * sum(tensor.numel() for tensor in model.state_dict().values())


def test_a_file_without_config_or_with_a_config_that_runs_code(path):
    save_file(dict(weight=torch.zeros(2)), path)
    assert CheckpointLoader.load_checkpoint(str(path))['meta'] == dict(cfg=None)
    with pytest.raises(WeightsError, match='holds no config'):
        config_of_checkpoint(str(path))
    write_safetensors(path, {}, Config(dict(model=dict(MODEL, neck=dict(type='os.system')))))
    with pytest.raises(WeightsError, match='not a registered component'):
        config_of_checkpoint(str(path))


def test_other_files_are_refused(path):
    path.write_bytes(b'no weights')
    with pytest.raises(WeightsError, match='is no safetensors file'):
        read_safetensors(path)
