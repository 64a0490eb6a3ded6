"""The names of the weights of our networks in torchvision, mmaction2 and AVID-CMA."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple

from mmaction.registry import MODELS
from torch import Tensor

from ..errors import WeightsError
from .load_report import names_of

# Patterns and replacements; all are applied to every name, in this order.
TO_TORCHVISION_RESNET = ((r'^stem\.0\.', 'conv1.'), (r'^stem\.1\.', 'bn1.'))
TO_MMACTION_RESNET = (
    (r'^stem\.0\.', 'conv1.conv.'),
    (r'^stem\.1\.', 'conv1.bn.'),
    (r'^(layer\d\.\d+)\.conv(\d)\.', r'\1.conv\2.conv.'),
    (r'^(layer\d\.\d+)\.bn(\d)\.', r'\1.conv\2.bn.'),
    (r'\.downsample\.0\.', '.downsample.conv.'),
    (r'\.downsample\.1\.', '.downsample.bn.'),
)
FROM_AVID = (
    (r'^conv1\.', 'stem.'),
    *((rf'^conv{stage + 1}x\.', f'layer{stage}.') for stage in (1, 2, 3, 4)),
    (r'^(layer\d)\.(?!\d)', r'\1.0.'),  # the 10-layer network has no block numbers
)


class Layout(NamedTuple):
    """How to recognise the weights of a code base, and what they need to run.

    Attributes:
        source (str): Code base of the weights.
        network (str): Name of our network for them.
        mark (str): Pattern of a name that only this layout has: the first convolution of stage 1.
        rules (tuple): Rules that turn its names into ours.
        normalisation (str): Arguments of the data preprocessor used in training.
    """

    source: str
    network: str
    mark: str
    rules: tuple
    normalisation: str


LAYOUTS = (
    Layout(
        'torchvision',
        'R2Plus1D',
        r'layer1\.0\.conv1\.0\.0\.weight$',
        (),
        'mean=[110.2, 100.6, 96.0], std=[58.1, 56.5, 55.3]',
    ),
    Layout(
        'AVID-CMA',
        'AVIDR2Plus1D',
        r'conv2x\.(0\.)?spt_conv1\.weight$',
        FROM_AVID,
        'mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375]',
    ),
)


def rename(state_dict: Mapping[str, Tensor], rules: tuple) -> dict[str, Tensor]:
    """Rename the tensors of a state dict by one of the tables above."""
    renamed = {}
    for name, tensor in state_dict.items():
        for pattern, replacement in rules:
            name = re.sub(pattern, replacement, name)
        renamed[name] = tensor
    return renamed


def find_tensors(checkpoint: Any) -> dict[str, Tensor]:
    """Find the tensors of a checkpoint: at top level, under ``state_dict`` or under ``model``.

    Raises:
        WeightsError: If there are none.
    """
    checkpoint = checkpoint if isinstance(checkpoint, Mapping) else {}
    for candidate in (checkpoint.get('state_dict'), checkpoint.get('model'), checkpoint):
        if isinstance(candidate, Mapping):
            tensors = {k: v for k, v in candidate.items() if isinstance(v, Tensor)}
            if tensors:
                return tensors
    found = ', '.join(map(str, checkpoint)) or 'nothing that has names'
    raise WeightsError(f'no tensors, neither bare nor under state_dict or model; it has {found}')


def recognise(state_dict: Mapping[str, Tensor]) -> tuple[Layout, str]:
    """Recognise by its names which R(2+1)D a state dict is for.

    Args:
        state_dict (Mapping[str, Tensor]): Names and tensors of the file.

    Returns:
        tuple: Layout, and prefix of the names (e.g. ``'module.video_model.'``).

    Raises:
        WeightsError: If it is none of :data:`LAYOUTS`; the text lists the first names.
    """
    for layout in LAYOUTS:
        for name in state_dict:
            found = re.search(layout.mark, name)
            if found:
                return layout, name[: found.start()]
    raise WeightsError(
        "not an R(2+1)D as torchvision or AVID-CMA name it; the file's first names: "
        f'{", ".join(names_of(state_dict)[:6])}'
    )


def convert(
    state_dict: Mapping[str, Tensor], layout: Layout, prefix: str
) -> tuple[dict, dict[str, Tensor]]:
    """Convert a state dict with the layout of :func:`recognise` to weights of our network.

    Args:
        state_dict (Mapping[str, Tensor]): Names and tensors of the file.
        layout (Layout): Layout of the tensors.
        prefix (str): Prefix of the names. Other tensors are dropped, and so are those that do not
            belong to the network (a classifier).

    Returns:
        tuple: Config of our network, and its state dict, which fits exactly.

    Raises:
        WeightsError: If the tensors are not those of such a network.
    """
    tensors = {k[len(prefix) :]: v for k, v in state_dict.items() if k.startswith(prefix)}
    tensors = rename(tensors, layout.rules)
    tensors = {k: v for k, v in tensors.items() if re.match(r'stem\.|layer[1-4]\.', k)}
    blocks = {tuple(name.split('.')[:2]) for name in tensors if name.startswith('layer')}
    counts = Counter(stage for stage, _ in blocks)
    width = next(v.shape[1] for k, v in state_dict.items() if re.search(layout.mark, k))
    backbone = dict(
        type=layout.network,
        stage_blocks=tuple(counts[f'layer{stage}'] for stage in (1, 2, 3, 4)),
        base_channels=width,
    )
    try:
        MODELS.build(backbone).load_state_dict(tensors)
    except RuntimeError as error:
        reason = ' '.join(str(error).split())[:400]
        raise WeightsError(
            f'the names are those of {layout.source}, but the network is another one: {reason}'
        ) from error
    return backbone, tensors
