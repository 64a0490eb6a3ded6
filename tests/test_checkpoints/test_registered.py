"""A config from a checkpoint cannot import or call anything."""

import importlib

import pytest
from helpers.hostile import write_checkpoint
from mmaction.registry import MODELS
from mmengine.registry import init_default_scope

from avtss_mm.apis import load_encoder
from avtss_mm.apis.encoder import config_of_checkpoint
from avtss_mm.checkpoints.registered import registered_names
from avtss_mm.utils.config import parse_config_text

NETWORK = "model = dict(type='AVEncoder', backbone={})\n"


def attack(kind: str, marker) -> str:
    """Configs that would, without our check, create the file ``marker`` when they are built."""
    system = f"dict(type='os.system', command='touch {marker}')"
    return {
        'network': NETWORK.format(system),
        'inside a network': NETWORK.format(f"dict(type='R2Plus1D', norm_cfg={system})"),
        'pipeline': NETWORK.format("dict(type='R2Plus1D')") + f'feature_pipeline = [{system}]',
        'in the scope of mmengine': NETWORK.format(f"dict(type='mmengine.mkdir_or_exist', "
                                                   f"dir_name='{marker}')"),
    }[kind]  # fmt: skip


KINDS = ('network', 'inside a network', 'pipeline', 'in the scope of mmengine')


@pytest.mark.parametrize('kind', KINDS)
def test_only_registered_components_are_built(tmp_path, kind):
    marker = tmp_path / 'marker'
    path = write_checkpoint(tmp_path / 'evil.pth', attack(kind, marker))
    with pytest.raises(ValueError, match=r'evil.pth: its config has type=.* not a registered'):
        load_encoder(str(path), device='cpu')
    assert not marker.exists()
    if kind == 'network':  # a real threat
        init_default_scope('mmaction')
        with pytest.raises((TypeError, AttributeError)):
            MODELS.build(parse_config_text(attack(kind, marker)).model)
        assert marker.exists()


def test_keys_that_would_be_code_when_a_config_is_dumped(tmp_path):
    key = "a': __import__('os').getcwd(), 'b"
    with pytest.raises(ValueError, match='line 1 has the key'):
        parse_config_text(f'model = dict(backbone={{{key!r}: 1}})')
    text = NETWORK.format("{'type': 'R2Plus1D', 'a.b-c': 1}")
    assert parse_config_text(text).model.backbone == {'type': 'R2Plus1D', 'a.b-c': 1}


@pytest.mark.parametrize('text', ['a = 1', 'model = 3', 'model = dict(backbone=7)', 'model = [1]'])
def test_configs_without_a_network_are_refused_by_name(tmp_path, text):
    path = write_checkpoint(tmp_path / 'odd.pth', text)
    with pytest.raises(ValueError, match=r'odd.pth: .*Name a config that you trust instead'):
        config_of_checkpoint(str(path))


def test_registries_of_our_own_scope_are_looked_through():
    """They exist as soon as a config was inherited through ``avtss_mm::``."""
    importlib.import_module('avtss_mm.registry')
    assert {'R2Plus1D', 'mmaction.R2Plus1D', 'ResNet3d'} <= registered_names()
