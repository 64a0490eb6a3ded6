"""The printed lines load each format, and the loaded network computes the same as ours."""

import runpy
import sys
import textwrap
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
import torchvision
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import load_checkpoint
from safetensors import safe_open

from avtss_mm.apis import load_encoder

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
SMALL = dict(
    type='AVEncoder',
    data_preprocessor=dict(
        type='MultiModalDataPreprocessor',
        preprocessors=dict(
            imgs=dict(
                type='ActionDataPreprocessor',
                mean=[110.0, 100.0, 90.0],
                std=[58.0, 56.0, 54.0],
                format_shape='NCTHW',
            ),
            audios=dict(type='ActionDataPreprocessor', mean=[-40.0], std=[20.0]),
        ),
    ),
    backbone=dict(type='R2Plus1D', stage_blocks=(1, 1, 1, 1), base_channels=4),
    audio_backbone=dict(type='SpectrogramResNet', depth=10, base_channels=4),
    channels_last=True,
)
NETWORKS = dict(
    small=SMALL,
    full_video={**SMALL, 'backbone': dict(type='R2Plus1D'), 'audio_backbone': None},
    full_audio={**SMALL, 'backbone': None, 'audio_backbone': dict(type='SpectrogramResNet')},
)


def write_checkpoint(path, model: dict) -> str:
    """A network with non-trivial BatchNorm layers, saved as training saves it."""
    init_default_scope('mmaction')
    torch.manual_seed(0)
    net = MODELS.build(model)
    for module in net.modules():
        if isinstance(module, (torch.nn.Conv2d, torch.nn.Conv3d)):
            torch.nn.init.kaiming_normal_(module.weight)  # so that features depend on the input
        if hasattr(module, 'running_mean'):
            module.running_mean.normal_(std=0.1)
            module.running_var.uniform_(0.5, 2)
            module.weight.data.uniform_(0.5, 1.5)
    text = Config(dict(model=model)).pretty_text
    torch.save(dict(state_dict=net.state_dict(), meta=dict(cfg=text)), path)
    return str(path)


@pytest.fixture(scope='module')
def checkpoints(tmp_path_factory):
    folder = tmp_path_factory.mktemp('checkpoints')
    return {name: write_checkpoint(folder / f'{name}.pth', NETWORKS[name]) for name in NETWORKS}


@pytest.fixture
def export(monkeypatch, tmp_path, capsys):
    """``export(checkpoint, form, *options)``: the file written, and the lines that load it."""
    monkeypatch.chdir(tmp_path)

    def run(checkpoint, form, *options):
        monkeypatch.setattr(sys, 'argv', ['tool', checkpoint, '--to', form, *options])
        runpy.run_path(str(ROOT / 'tools/export_backbone.py'), run_name='__main__')
        printed = capsys.readouterr().out
        name = printed.partition('\nwrote ')[2].partition(':')[0]
        assert float(printed.partition('clips): ')[2].split()[0]) < 1e-5
        return tmp_path / name, textwrap.dedent(printed.partition('to load it:\n')[2])

    return run


def random_clips(modality, batch=2) -> torch.Tensor:
    """Clips as a pipeline packs them (N, 1, ...): pixels, or log-mel in dB."""
    generator = torch.Generator().manual_seed(1)
    shape = (3, 8, 48, 64) if modality == 'video' else (1, 64, 80)
    noise = torch.rand(batch, 1, *shape, generator=generator)
    return (noise * 255).byte() if modality == 'video' else noise * 60 - 80


def expected(checkpoint, modality, clips, normalised=True) -> torch.Tensor:
    model, _ = load_encoder(checkpoint, device='cpu')
    key = 'imgs' if modality == 'video' else 'audios'
    if not normalised:
        clips, _ = model.data_preprocessor.preprocessors[key].preprocess(list(clips), [])
    with torch.no_grad():
        return model.extract_feat({key: clips})[modality][:, 0]


def assert_equal(features, reference) -> None:
    assert features.shape == reference.shape
    assert (features - reference).abs().max() <= 1e-4 * reference.abs().max()
    assert reference.std(dim=0).mean() > 1e-4 * reference.abs().max()  # clips differ


@pytest.mark.parametrize(
    ('size', 'modality', 'channels'), [('small', 'video', 32), ('full_audio', 'audio', 512)]
)
def test_stock_mmaction_config_takes_it(export, checkpoints, tmp_path, size, modality, channels):
    path, lines = export(checkpoints[size], 'mmaction', '--encoder', modality)
    assert path.name == f'{size}_{modality}_mmaction.pth'
    (tmp_path / 'config.py').write_text(lines)
    config = Config.fromfile(tmp_path / 'config.py')
    stock = MODELS.build(config.model).eval()
    assert type(stock).__module__.startswith('mmaction.')
    assert type(stock.cls_head).__module__.startswith('mmaction.')
    load_checkpoint(stock, config.load_from)
    clips = random_clips(modality)
    batch = dict(inputs=list(clips), data_samples=[ActionDataSample() for _ in clips])
    with torch.no_grad():
        maps, _ = stock.extract_feat(stock.data_preprocessor(batch)['inputs'], stage='backbone')
        scores = stock.cls_head(maps)
    features = maps.flatten(2).mean(dim=2)
    assert_equal(features, expected(checkpoints[size], modality, clips, normalised=False))
    assert features.shape[1] == channels and scores.shape == (2, 400)


@pytest.mark.parametrize('modality', ['video', 'audio'])
def test_torchvision_takes_it(export, checkpoints, modality):
    path, lines = export(checkpoints[f'full_{modality}'], 'torchvision', '--encoder', modality)
    names = dict(torch=torch, torchvision=torchvision)
    exec(lines, names)
    net = names['net'].eval()
    missing, unexpected = net.load_state_dict(torch.load(path, weights_only=True), strict=False)
    assert missing == ['fc.weight', 'fc.bias'] and not unexpected
    net.fc = torch.nn.Identity()
    clips = random_clips(modality).float() / 50
    with torch.no_grad():
        assert_equal(net(clips[:, 0]), expected(checkpoints[f'full_{modality}'], modality, clips))


@pytest.mark.parametrize('modality', ['video', 'audio'])
def test_safetensors(export, checkpoints, modality):
    path, lines = export(checkpoints['small'], 'safetensors', '--encoder', modality)
    assert path.stat().st_mode == Path(checkpoints['small']).stat().st_mode  # others may read it
    clips = random_clips(modality).float() / 50
    names = dict(clips=clips[:, 0])
    with torch.no_grad():
        exec(lines, names)
    assert_equal(names['features'], expected(checkpoints['small'], modality, clips))
    with safe_open(path, 'pt') as file:
        description = file.metadata()
    mean = '[110.0, 100.0, 90.0]' if modality == 'video' else '[-40.0]'
    assert f'mean={mean}' in description['input']
    assert '"base_channels": 4' in description['architecture']


@pytest.mark.parametrize('modality', ['video', 'audio'])
def test_onnx_of_any_batch_and_size(export, checkpoints, modality):
    path, lines = export(checkpoints['small'], 'onnx', '--encoder', modality, '-o', 'a/net.onnx')
    clips = random_clips(modality, batch=3).float() / 50
    names = dict(clips=clips[:, 0].numpy())
    exec(lines, names)
    reference = expected(checkpoints['small'], modality, clips)
    assert_equal(torch.from_numpy(names['features']), reference)
    alone = names['net'].run(None, dict(clips=names['clips'][:1]))[0]
    np.testing.assert_allclose(alone, reference[:1].numpy(), rtol=1e-3, atol=1e-5)
    assert isinstance(names['net'], onnxruntime.InferenceSession)
    assert (
        'normalised with mean' in {p.key: p.value for p in onnx.load(path).metadata_props}['input']
    )
    assert [file.name for file in path.parent.iterdir()] == ['net.onnx']  # one file, no leftovers


@pytest.mark.parametrize(
    ('size', 'arguments', 'message'),
    [
        (
            'small',
            ('torchvision',),
            'stem.0.weight is .2, 3, 1, 7, 7. here, .45, 3',
        ),
        ('small', ('torchvision', '--encoder', 'audio'), "than torchvision's resnet18"),
        ('small', ('mmaction', '--encoder', 'audio'), "another depth or width than mmaction2's"),
        ('full_video', ('onnx', '--encoder', 'audio'), 'the model has no audio encoder'),
        ('absent', ('onnx',), 'absent.pth: no such checkpoint'),
        ('bare', ('onnx',), 'holds no config.*--config'),
    ],
)
def test_what_cannot_be_is_said(export, checkpoints, tmp_path, size, arguments, message):
    torch.save(dict(state_dict=dict(a=torch.ones(1))), tmp_path / 'bare.pth')
    with pytest.raises(SystemExit, match=f'^error: .*{message}'):
        export(checkpoints.get(size, f'{size}.pth'), *arguments)
    assert [file.name for file in tmp_path.iterdir()] == ['bare.pth']


def test_missing_package_is_named(export, checkpoints, monkeypatch):
    monkeypatch.setitem(sys.modules, 'onnxscript', None)
    with pytest.raises(SystemExit, match='onnxscript: pip install onnx onnxruntime onnxscript$'):
        export(checkpoints['small'], 'onnx')


def test_config_beside_a_bare_checkpoint(export, checkpoints, tmp_path):
    config = tmp_path / 'config.py'
    config.write_text(Config(dict(model=SMALL)).pretty_text)
    state_dict = torch.load(checkpoints['small'], weights_only=True)['state_dict']
    torch.save(state_dict, tmp_path / 'bare.pth')
    path, _ = export('bare.pth', 'safetensors', '--config', str(config))
    assert path.name == 'bare_video_safetensors.safetensors'
    with safe_open(path, 'pt') as file:
        assert file.get_tensor('stem.0.weight').equal(state_dict['backbone.stem.0.weight'])
