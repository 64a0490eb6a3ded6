"""Exports an encoder in the formats of other programs, and reads it back."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import torch
import torch.nn as nn
from mmaction.registry import MODELS
from mmengine.config import Config
from torchvision.models import resnet18
from torchvision.models.video import r2plus1d_18

from ..errors import WeightsError
from ..files.whole_file import written_whole
from ..models.recognizers.av_encoder import AVEncoder, encode
from .layouts import TO_MMACTION_RESNET, TO_TORCHVISION_RESNET, rename
from .plain import saves_plainly

Network = Callable[[torch.Tensor], torch.Tensor]


class Pooled(nn.Module):
    """A backbone with mean pooling: from clips ``(N, ...)`` to features ``(N, C)``."""

    def __init__(self, backbone: nn.Module) -> None:
        super().__init__()
        self.backbone = backbone

    def forward(self, clips: torch.Tensor) -> torch.Tensor:
        """Compute the features of normalised clips."""
        return encode(self.backbone, clips[:, None])[:, 0]


class Source:
    """One encoder of a model, to export.

    Args:
        modality (str): Modality of the encoder, ``'video'`` or ``'audio'``.
        model (AVEncoder): Model on the CPU, in eval mode.
        config (Config): Config from which the model was built.

    Raises:
        WeightsError: If the model has no such encoder.
    """

    def __init__(self, modality: str, model: AVEncoder, config: Config) -> None:
        part, key = dict(video=('backbone', 'imgs'), audio=('audio_backbone', 'audios'))[modality]
        backbone = getattr(model, part)
        if backbone is None:
            raise WeightsError(f'the model has no {modality} encoder')
        self.modality = modality
        self.backbone = backbone.to(memory_format=torch.contiguous_format)
        arguments = config.model[part].to_dict()
        arguments.pop('init_cfg', None)
        self.config = dict(type=arguments.pop('type'), **arguments)
        video = modality == 'video'
        # small clips: any size works
        self.clips = torch.randn((2, 3, 8, 64, 64) if video else (2, 1, 100, 80))
        self.axes = {0: 'batch', 2: 'T', 3: 'H', 4: 'W'} if video else {0: 'batch', 2: 'L', 3: 'F'}
        preprocessor = config.model.get('data_preprocessor') or {}
        preprocessor = preprocessor.get('preprocessors', {}).get(key, preprocessor)
        self.normalisation = f'mean={preprocessor.get("mean")}, std={preprocessor.get("std")}'
        form = 'RGB clips (N, 3, T, H, W), 0-255' if video else 'log-mel (N, 1, L, F), dB'
        self.description = dict(
            architecture=json.dumps(self.config),
            input=f'{form}, normalised with {self.normalisation}',
            output='maps; the feature (N, C) is their mean over space and time',
        )

    def weights(self) -> dict[str, torch.Tensor]:
        """Tensors by name in the backbone."""
        return {name: tensor.contiguous() for name, tensor in self.backbone.state_dict().items()}

    def features(self) -> torch.Tensor:
        """Features ``(2, C)`` of the random :attr:`clips`."""
        with torch.no_grad():
            return Pooled(self.backbone)(self.clips)


def to_mmaction(source: Source, path: Path) -> tuple[Network, list[str]]:
    """Write a checkpoint for mmaction2's recognizers.

    Args:
        source (Source): Encoder to export.
        path (Path): Path to write to.

    Returns:
        tuple: Network of the other program with the weights read back from the file, and the lines
        of code that load ``FILE``.

    Raises:
        WeightsError: If the other program has no such network.
    """
    weights, config = source.weights(), source.config
    arguments = f"type='ActionDataPreprocessor', {source.normalisation}"
    preprocessor = f'data_preprocessor=dict({arguments})'
    if source.modality == 'video':
        channels = source.features().shape[1]
        lines = [
            "_base_ = 'mmaction::recognition/r2plus1d/"
            "r2plus1d_r34_8xb8-8x8x1-180e_kinetics400-rgb.py'",
            "custom_imports = dict(imports=['avtss_mm'], allow_failed_imports=False)",
            f'model = dict(backbone=dict(_delete_=True, {_arguments(config)}),',
            f'             cls_head=dict(in_channels={channels}),',
            f'             {preprocessor})',
        ]
    else:
        weights = rename(weights, TO_MMACTION_RESNET)
        config = dict(type='ResNet', depth=18, in_channels=1)
        lines = [
            "_base_ = 'mmaction::recognition_audio/resnet/"
            "tsn_r18_8xb320-64x1x1-100e_kinetics400-audio-feature.py'",
            f'model = dict({preprocessor})',
        ]
    state_dict = {f'backbone.{name}': tensor for name, tensor in weights.items()}
    checkpoint = dict(state_dict=state_dict, meta=source.description)
    saves_plainly(torch.save)(checkpoint, str(path))
    backbone = MODELS.build(config)
    state_dict = torch.load(path, weights_only=True)['state_dict']
    weights = {name.partition('.')[2]: tensor for name, tensor in state_dict.items()}
    _fill(backbone, weights, f"mmaction2's {config['type']}")
    return Pooled(backbone), [*lines, "load_from = 'FILE'"]


def to_torchvision(source: Source, path: Path) -> tuple[Network, list[str]]:
    """Write a bare state dict for torchvision; see :func:`to_mmaction`."""
    if source.modality == 'video':
        weights, network, name = source.weights(), r2plus1d_18(weights=None), 'r2plus1d_18'
        lines = ['net = torchvision.models.video.r2plus1d_18()']
    else:
        weights = rename(source.weights(), TO_TORCHVISION_RESNET)
        network, name = resnet18(weights=None), 'resnet18'
        network.conv1 = nn.Conv2d(1, 64, 7, 2, 3, bias=False)
        lines = [
            'net = torchvision.models.resnet18()',
            'net.conv1 = torch.nn.Conv2d(1, 64, 7, 2, 3, bias=False)',
        ]
    torch.save(weights, path)
    network.fc = nn.Identity()
    _fill(network, torch.load(path, weights_only=True), f"torchvision's {name}")
    return network, [
        *lines,
        "net.load_state_dict(torch.load('FILE'), strict=False)  # lacks fc.*",
    ]


def to_safetensors(source: Source, path: Path) -> tuple[Network, list[str]]:
    """Write the tensors, named as in the backbone, with a description; see :func:`to_mmaction`."""
    from safetensors.torch import load_file, save_file

    with written_whole(path) as draft:
        save_file(source.weights(), draft, metadata=source.description)
    backbone = MODELS.build(source.config)
    _fill(backbone, load_file(path), source.config['type'])
    lines = [
        'import avtss_mm',
        'from mmaction.registry import MODELS',
        'from safetensors.torch import load_file',
        f'net = MODELS.build(dict({_arguments(source.config)})).eval()',
        "net.load_state_dict(load_file('FILE'))",
        'features = net(clips).flatten(2).mean(dim=2)',
    ]
    return Pooled(backbone), lines


def to_onnx(source: Source, path: Path) -> tuple[Network, list[str]]:
    """Write the network with pooling, for any batch and input size; see :func:`to_mmaction`."""
    import onnx
    import onnxruntime

    torch.onnx.export(
        Pooled(source.backbone).eval(),
        (source.clips,),
        path,
        dynamo=True,
        external_data=False,
        input_names=['clips'],
        output_names=['features'],
        dynamic_shapes=(source.axes,),
        verbose=False,
    )
    model = onnx.load(path)
    onnx.helper.set_model_props(model, source.description)
    onnx.save(model, path)
    onnx.checker.check_model(path)
    session = onnxruntime.InferenceSession(path, providers=['CPUExecutionProvider'])

    def network(clips: torch.Tensor) -> torch.Tensor:
        return torch.from_numpy(session.run(None, dict(clips=clips.numpy()))[0])

    lines = [
        'import onnxruntime',
        "net = onnxruntime.InferenceSession('FILE')",
        '(features,) = net.run(None, dict(clips=clips))  # float32 array',
    ]
    return network, lines


FORMS = dict(
    mmaction=to_mmaction, torchvision=to_torchvision, safetensors=to_safetensors, onnx=to_onnx
)


def _fill(network: nn.Module, weights: dict[str, torch.Tensor], what: str) -> None:
    theirs = network.state_dict()
    for name in {**theirs, **weights}:
        here, there = (
            tuple(tensors[name].shape) if name in tensors else 'absent'
            for tensors in (weights, theirs)
        )
        if here != there:
            raise WeightsError(
                f'this encoder has another depth or width than {what}: {name} is {here} here, '
                f'{there} there. The forms safetensors and onnx take every encoder.'
            )
    network.load_state_dict(weights)
    network.eval()


def _arguments(config: dict) -> str:
    return ', '.join(f'{key}={value!r}' for key, value in config.items())
