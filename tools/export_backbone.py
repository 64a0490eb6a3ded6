#!/usr/bin/env python
"""Export an encoder for other programs: ``python tools/export_backbone.py CKPT --to FORM``.

    mmaction     checkpoint (backbone.*) for a stock mmaction2 recognizer
    torchvision  state dict of torchvision's r2plus1d_18 (video) or resnet18 (audio)
    safetensors  tensors with a description; no pickle
    onnx         network with pooling, for any batch and input size

The written file is loaded back, run on random input and compared with the encoder.
"""

from __future__ import annotations

import argparse
import os
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from avtss_mm.errors import UsageError, user_errors
from avtss_mm.media.remote import local_path

if TYPE_CHECKING:  # what takes seconds is imported in functions: --help does not need it
    from avtss_mm.checkpoints.export import Source

SUFFIXES = dict(mmaction='.pth', torchvision='.pth', safetensors='.safetensors', onnx='.onnx')
NEEDS = dict(onnx=['onnx', 'onnxruntime', 'onnxscript'])
TOLERANCE = 1e-4


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__.partition('\n')[2], formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument('checkpoint', help='checkpoint of training')
    parser.add_argument(
        '--to', choices=SUFFIXES, required=True, help='form of the export, see above'
    )
    parser.add_argument('--config', help='config of the model (default: the one in the checkpoint)')
    parser.add_argument(
        '--encoder', choices=['video', 'audio'], default='video', help='encoder (%(default)s)'
    )
    parser.add_argument(
        '-o',
        '--out',
        type=local_path,
        help='file to write (default: ./<checkpoint>_<encoder>_<form>.*)',
    )
    return parser.parse_args()


def load_source(args: argparse.Namespace) -> Source:
    """Build the encoder to export.

    Raises:
        UsageError: If a package is missing, or the checkpoint does not define the model.
    """
    from avtss_mm.apis.encoder import load_encoder
    from avtss_mm.checkpoints.export import Source

    needs = NEEDS.get(args.to, [])
    lacking = [name for name in needs if find_spec(name) is None]
    if lacking:
        raise UsageError(
            f'--to {args.to} needs {", ".join(lacking)}: pip install {" ".join(needs)}'
        )
    try:
        model, config = load_encoder(args.checkpoint, args.config, device='cpu')
    except ValueError as error:
        raise UsageError(f'{error} (--config)') from error
    return Source(args.encoder, model, config)


def export(source: Source, form: str, out: Path) -> None:
    """Write the file if its network computes the same features as the encoder, and report it.

    Raises:
        WeightsError: If the form has no such network.
        UsageError: If the features differ.
    """
    import torch

    from avtss_mm.checkpoints.export import FORMS
    from avtss_mm.checkpoints.load_report import names_of

    print(f'{form}: the {source.modality} encoder is written, loaded back and compared', flush=True)
    out.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=out.parent) as folder:  # a failure leaves nothing behind
        written = Path(folder, out.name)
        network, lines = FORMS[form](source, written)
        expected = source.features()
        with torch.no_grad():
            difference = (network(source.clips) - expected).abs().max() / expected.abs().max()
        if not difference <= TOLERANCE:
            raise UsageError(f'{form}: the features differ by {difference:.1e}; not written')
        os.replace(written, out)
    tensors = len(names_of(source.weights()))
    megabytes = out.stat().st_size / 1e6
    print(f'\nwrote {out}: {source.modality} encoder, {tensors} tensors, {megabytes:.1f} MB')
    print(f'largest relative difference of features (2 random clips): {difference:.1e}')
    print(f'input: {source.description["input"]}\n\nto load it:')
    print('\n'.join('    ' + line.replace('FILE', str(out)) for line in lines))


def main() -> None:
    args = parse_args()
    import torch

    torch.manual_seed(0)
    with user_errors():
        source = load_source(args)
        name = f'{Path(args.checkpoint).stem}_{args.encoder}_{args.to}{SUFFIXES[args.to]}'
        out = Path(args.out or name)
        if out.is_dir():
            raise UsageError(f'{out} is a folder: name a file')
        if os.path.exists(args.checkpoint) and out.exists() and out.samefile(args.checkpoint):
            raise UsageError(f'{out} is the checkpoint itself: name another file')
        export(source, args.to, out)


if __name__ == '__main__':
    main()
