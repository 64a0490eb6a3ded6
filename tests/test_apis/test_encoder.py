"""Encoders are built from a checkpoint with its own config, without running code of it."""

from pathlib import Path

import pytest
import torch
from mmaction.registry import MODELS
from mmengine.registry import init_default_scope
from mmengine.runner import save_checkpoint

import avtss_mm  # noqa: F401
from avtss_mm.apis import Embedder, load_encoder
from avtss_mm.apis.encoder import encoder_config
from avtss_mm.checkpoints.registered import check_registered
from avtss_mm.errors import WeightsError
from avtss_mm.fingerprint.embedding import chunk_embedder
from avtss_mm.utils.config import parse_config_text, read_config

CONFIGS = Path(__file__).parents[2] / 'configs'


@pytest.fixture(scope='module')
def trained(tmp_path_factory):
    """A small pre-training model and its checkpoint."""
    init_default_scope('mmaction')
    cfg = read_config(str(CONFIGS / 'demo/avtss_toy.py'))
    cfg.model.backbone.init_cfg = dict(type='Pretrained', checkpoint='gone.pth')
    path = tmp_path_factory.mktemp('checkpoint') / 'epoch_1.pth'
    model = MODELS.build(cfg.model)
    save_checkpoint(dict(state_dict=model.state_dict(), meta=dict(cfg=cfg.pretty_text)), str(path))
    return model.eval(), str(path), cfg


def test_features_are_those_of_the_model(trained):
    model, path, _ = trained
    encoder, cfg = load_encoder(path, device='cpu')
    assert not encoder.training and cfg.feature_pipeline[0].type == 'AVInit'
    inputs = dict(imgs=torch.randn(2, 1, 3, 8, 48, 48), audios=torch.randn(2, 1, 1, 80, 64))
    with torch.no_grad():
        got, want = encoder(inputs), model(inputs)
        for name in ('video', 'audio'):
            assert got[name].equal(want[name])
            assert encoder.project(got)[name].equal(model.project(want)[name])


def test_random_weights_are_seeded(trained):
    cfg = trained[2]
    first, second = (load_encoder('random', cfg, device='cpu')[0] for _ in range(2))
    assert all(a.equal(b) for a, b in zip(first.parameters(), second.parameters()))
    with pytest.raises(ValueError, match="'random' weights need a config"):
        load_encoder('random')


def test_of_a_fine_tuned_network(tmp_path):
    init_default_scope('mmaction')
    cfg = read_config(str(CONFIGS / 'demo/finetune_toy.py'))
    model = MODELS.build(cfg.model).eval()
    path = str(tmp_path / 'finetuned.pth')
    save_checkpoint(dict(state_dict=model.state_dict(), meta=dict(cfg=cfg.pretty_text)), path)
    encoder, _ = load_encoder(path, device='cpu')
    clips = torch.randint(0, 255, (1, 3, 8, 48, 48), dtype=torch.uint8)
    packed = dict(inputs=[clips], data_samples=[None])
    with torch.no_grad():
        x = model.data_preprocessor(dict(packed, data_samples=None))['inputs']
        want = model.backbone(x[0]).mean(dim=(2, 3, 4))
        packed['inputs'] = dict(imgs=[clips])
        got = encoder(encoder.data_preprocessor(packed)['inputs'])['video'][0]
    assert torch.allclose(got, want, atol=1e-5)


@pytest.mark.parametrize('make', [load_encoder, Embedder, chunk_embedder])
def test_a_checkpoint_is_read_once(trained, monkeypatch, make):
    read, load = [], torch.load
    monkeypatch.setattr(torch, 'load', lambda *args, **kw: read.append(args) or load(*args, **kw))
    make(trained[1], device='cpu')
    assert len(read) == 1


@pytest.mark.parametrize('content', [[1], dict(meta=[1], state_dict={})])
def test_a_file_of_something_else(tmp_path, content):
    path = str(tmp_path / 'list.pth')
    torch.save(content, path)
    with pytest.raises(WeightsError, match='list.pth holds'):
        load_encoder(path)


def test_a_checkpoint_without_config_says_so(tmp_path):
    path = str(tmp_path / 'bare.pth')
    torch.save(dict(state_dict={}), path)
    with pytest.raises(ValueError, match='holds no config'):
        load_encoder(path)


@pytest.mark.parametrize('config', sorted(CONFIGS.glob('*/*.py')), ids=lambda p: p.stem)
def test_config_text_is_read_back(config):
    if config.parent.name not in ('_base_', 'study'):  # those are no configs of a network
        cfg = read_config(str(config))
        back = parse_config_text(cfg.pretty_text)
        assert back._cfg_dict.to_dict() == cfg._cfg_dict.to_dict()
        networks = {'backbone', 'audio_backbone'} & cfg.model.keys()
        check_registered(encoder_config(cfg.model) if networks else None)
        check_registered(cfg.get('feature_pipeline'))


@pytest.mark.parametrize(
    'text',
    [
        'import os',
        'a = open("/tmp/x", "w")',
        'a = dict(b=__import__("os").getcwd())',
        'a = [x for x in (1, 2)]',
        'a = print(b=1)',
        'a.b = 1',
        'a = (',
    ],
)
def test_config_text_is_never_run(text):
    with pytest.raises(ValueError, match='cannot be read'):
        parse_config_text(text)
