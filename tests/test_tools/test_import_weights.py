"""Weights of others load into our networks: same features, and no code of a file runs."""

import pickle
import runpy
import sys
import textwrap
from collections import OrderedDict
from functools import partial
from pathlib import Path

import pytest
import torch
from mmaction.registry import MODELS
from mmengine.config import Config
from mmengine.registry import init_default_scope
from torch import nn
from torchvision.models.video import r2plus1d_18

TOOL = Path(__file__).parents[2] / 'tools/import_weights.py'
BASE = """
model = dict(
    type='Recognizer3D',
    backbone=dict(type='ResNet2Plus1d', depth=34),
    cls_head=dict(type='I3DHead', num_classes=4, in_channels={channels}),
    data_preprocessor=dict(type='ActionDataPreprocessor'),
)
"""


class AVIDBlock(nn.Module):
    """The published block in plain torch, independent of the package."""

    def __init__(self, inputs, width, stride):
        super().__init__()
        self.spt_conv1 = nn.Conv3d(
            inputs, width, (1, 3, 3), (1, stride, stride), (0, 1, 1), bias=False
        )
        self.spt_bn1 = nn.BatchNorm3d(width)
        self.tmp_conv1 = nn.Conv3d(width, width, (3, 1, 1), (stride, 1, 1), (1, 0, 0), bias=False)
        self.tmp_bn1 = nn.BatchNorm3d(width)
        self.spt_conv2 = nn.Conv3d(width, width, (1, 3, 3), padding=(0, 1, 1), bias=False)
        self.spt_bn2 = nn.BatchNorm3d(width)
        self.tmp_conv2 = nn.Conv3d(width, width, (3, 1, 1), padding=(1, 0, 0), bias=False)
        self.out_bn = nn.BatchNorm3d(width)
        if stride > 1:
            self.res_conv = nn.Conv3d(inputs, width, 1, stride, bias=False)

    def forward(self, x):
        residual = self.res_conv(x) if hasattr(self, 'res_conv') else x
        for name in ('spt', 'tmp'):
            x = getattr(self, f'{name}_conv1')(x)
            x = torch.relu(getattr(self, f'{name}_bn1')(x))
        x = torch.relu(self.spt_bn2(self.spt_conv2(x)))
        return torch.relu(self.out_bn(self.tmp_conv2(x) + residual))


class AVIDNet(nn.Module):
    def __init__(self, blocks, width):
        super().__init__()
        self.conv1 = nn.Sequential(
            nn.Conv3d(3, width, (3, 7, 7), (1, 2, 2), (1, 3, 3), bias=False),
            nn.BatchNorm3d(width),
            nn.ReLU(),
            nn.MaxPool3d((1, 3, 3), (1, 2, 2), (0, 1, 1)),
        )
        for stage in range(4):
            out = width * 2**stage
            inputs, stride = (out, 1) if stage == 0 else (out // 2, 2)
            layers = [AVIDBlock(inputs, out, stride)]
            layers += [AVIDBlock(out, out, 1) for _ in range(blocks - 1)]
            layers = layers[0] if blocks == 1 else nn.Sequential(*layers)
            self.add_module(f'conv{stage + 2}x', layers)

    def forward(self, x):
        for layer in self.children():
            x = layer(x)
        return x


def randomised(net: nn.Module) -> nn.Module:
    torch.manual_seed(0)
    for module in net.modules():
        if isinstance(module, nn.Conv3d):
            nn.init.kaiming_normal_(module.weight)
        if isinstance(module, nn.BatchNorm3d):
            module.running_mean.normal_(std=0.1)
            module.running_var.uniform_(0.5, 2)
            module.weight.data.uniform_(0.5, 1.5)
            module.bias.data.normal_(std=0.1)
    return net.eval()


@pytest.fixture
def import_weights(tmp_path, monkeypatch, capsys):
    """``import_weights(content)``: writes a file, imports it, builds what the printed lines say."""
    monkeypatch.chdir(tmp_path)

    def run(content, channels=512):
        if isinstance(content, bytes):
            Path('theirs.pth').write_bytes(content)
        else:
            torch.save(content, 'theirs.pth')
        monkeypatch.setattr(sys, 'argv', [str(TOOL), 'theirs.pth', '-o', 'new folder/ours.pth'])
        runpy.run_path(str(TOOL), run_name='__main__')
        printed = capsys.readouterr().out
        lines = printed.partition('in a config:\n')[2].partition('\nor, ')[0]
        Path('base.py').write_text(BASE.format(channels=channels))
        Path('config.py').write_text("_base_ = 'base.py'\n" + textwrap.dedent(lines))
        init_default_scope('mmaction')
        model = MODELS.build(Config.fromfile('config.py').model)
        model.init_weights()
        assert torch.load('new folder/ours.pth', weights_only=True)['meta']['imported_from']
        return model.eval(), printed

    return run


def assert_same_features(ours, theirs, size):
    clips = torch.randn(2, 3, 8, size, size)
    with torch.no_grad():
        maps, _ = ours.extract_feat(clips[:, None], stage='backbone')
        expected = theirs(clips)
    features = maps.flatten(2).mean(dim=2)
    expected = expected if expected.ndim == 2 else expected.flatten(2).mean(dim=2)
    assert (features - expected).abs().max() <= 1e-4 * expected.abs().max()
    assert expected.std(dim=0).mean() > 1e-3 * expected.abs().max()  # they tell clips apart


@pytest.mark.parametrize('wrapper', ['', 'module.encoder.'])
def test_torchvision(import_weights, wrapper):
    net = randomised(r2plus1d_18(weights=None))
    weights = OrderedDict((wrapper + k, v) for k, v in net.state_dict().items())
    weights['other.weight'] = torch.ones(1)
    ours, printed = import_weights(weights if not wrapper else dict(state_dict=weights))
    assert type(ours.backbone).__name__ == 'R2Plus1D'
    assert '185 tensors of R2Plus1D, all it has' in printed
    assert 'left out: ' + ('module (2), other (1)' if wrapper else 'fc (2), other (1)') in printed
    net.fc = nn.Identity()
    assert_same_features(ours, net, 64)


@pytest.mark.parametrize(('blocks', 'width'), [(1, 8), (2, 64), (3, 8)])
def test_avid(import_weights, blocks, width):
    net = randomised(AVIDNet(blocks, width))
    weights = {f'module.video_model.{k}': v for k, v in net.state_dict().items()}
    weights.update({'module.audio_model.conv1.0.weight': torch.ones(2, 1, 7, 7)})
    weights.update({'module.video_proj.projection.0.weight': torch.ones(4, 4)})
    optimizer = torch.optim.Adam(net.parameters())
    content = dict(model=weights, optimizer=optimizer.state_dict(), epoch=200)
    ours, printed = import_weights(content, channels=8 * width)
    assert type(ours.backbone).__name__ == 'AVIDR2Plus1D'
    assert "AVID-CMA's R(2+1)D under module.video_model." in printed
    assert 'left out: module (2)' in printed and 'mean=[123.675, 116.28, 103.53]' in printed
    assert_same_features(ours, net, 96)


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        ({'encoder.conv.weight': torch.ones(1), 'fc.bias': torch.ones(1)}, 'encoder.conv.weight, '),
        (dict(state_dict={}, epoch=3), 'no tensors.*it has state_dict, epoch'),
        ([torch.ones(1)], 'no tensors.*nothing that has names'),
        (
            {'layer1.0.conv1.0.0.weight': torch.ones(144, 64, 1, 3, 3)},
            'of torchvision, but the network is another one: .*stem.0.weight',
        ),
    ],
)
def test_what_is_not_known_is_said(import_weights, tmp_path, content, message):
    with pytest.raises(SystemExit, match=f'^error: theirs.pth: .*{message}'):
        import_weights(content)
    assert [path.name for path in tmp_path.iterdir()] == ['theirs.pth']


class Harmful:
    def __init__(self, marker):
        self.code = f'open({str(marker)!r}, "w").close()'

    def __reduce__(self):
        return exec, (self.code,)


@pytest.mark.parametrize('write', [dict, partial(pickle.dumps, protocol=2)])
def test_code_in_a_file_is_not_run(import_weights, tmp_path, write):
    marker = tmp_path / 'marker'
    weights = {'layer1.0.conv1.0.0.weight': Harmful(marker), 'a': torch.ones(1)}
    with pytest.raises(SystemExit, match='^error: theirs.pth: '):
        import_weights(write(weights))
    assert not marker.exists()
    if write is dict:
        torch.load(tmp_path / 'theirs.pth', weights_only=False)
    else:
        pickle.loads((tmp_path / 'theirs.pth').read_bytes())
    assert marker.exists()  # a real threat
