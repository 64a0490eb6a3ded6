#!/usr/bin/env python
"""Write the encoders of a checkpoint as a small file to pass on: safetensors, with its config.

    python tools/publish_encoders.py CKPT encoders.safetensors

The file is a checkpoint for all commands and for ``Embedder``. Weights are stored in half
precision; optimizer, queues and heads are left out.
"""

from __future__ import annotations

import argparse

from avtss_mm.errors import UsageError, user_errors
from avtss_mm.media.remote import local_path


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('checkpoint', help='checkpoint of training')
    parser.add_argument('out', type=local_path, help='file to write, *.safetensors')
    parser.add_argument('--config', help='config of the model (default: that in the checkpoint)')
    publish(parser.parse_args())


def publish(args: argparse.Namespace) -> None:
    """Write the file.

    Raises:
        UsageError: If its name has another suffix.
    """
    # here, what takes seconds: --help does not need it
    from mmengine.config import Config

    from avtss_mm.apis.encoder import encoder_config, load_encoder
    from avtss_mm.checkpoints.safetensors_file import SUFFIX, write_safetensors

    if args.out.suffix != SUFFIX:
        raise UsageError(f'{args.out} must end with {SUFFIX}')
    model, config = load_encoder(args.checkpoint, args.config, 'cpu')
    kept = Config(
        dict(
            default_scope='mmaction',
            model=encoder_config(config.model),
            feature_pipeline=config.feature_pipeline,
        )
    )
    write_safetensors(args.out, model.state_dict(), kept)
    print(f'wrote {args.out}: {args.out.stat().st_size / 1e6:.1f} MB')


if __name__ == '__main__':
    with user_errors():
        main()
