#!/usr/bin/env python
"""Import weights of other projects: ``python tools/import_weights.py WEIGHTS -o OUT.pth``.

Reads weights of R(2+1)D video networks of torchvision (r2plus1d_18) and AVID-CMA, which it
recognises by their names, and writes them as ``backbone.*`` of this package. Mind their licences:
those of AVID-CMA are for non-commercial use (CC BY-NC 4.0).
"""

from __future__ import annotations

import argparse
from pathlib import Path

from avtss_mm.errors import UsageError, WeightsError, user_errors
from avtss_mm.media.remote import local_path

SNIPPET = """
to start from them, in a config:
    model = dict(
        backbone=dict(
            _delete_=True,
            {backbone},
            init_cfg=dict(type='Pretrained', checkpoint='{out}', prefix='backbone.'),
        ),
        # they were trained on pixels of {normalisation}
    )
or, where the model has such a backbone already: load_from = '{out}'"""


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__.partition('\n')[2], formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument('weights', help='file of weights; no code in it is run')
    parser.add_argument('-o', '--out', type=local_path, required=True, help='checkpoint to write')
    return parser.parse_args()


def import_weights(path: str, out: str) -> None:
    """Convert a file and report the result.

    Raises:
        FileNotFoundError: If there is no such file.
        UnpicklingError: If it cannot be read without running code from it.
        WeightsError: If it does not contain a known network.
        UsageError: If it would be overwritten.
    """
    import torch  # here, with what imports it: it takes seconds, and --help does not need it
    from mmengine.registry import init_default_scope

    from avtss_mm.checkpoints.layouts import convert, find_tensors, recognise
    from avtss_mm.checkpoints.load_report import count_prefixes, names_of
    from avtss_mm.checkpoints.plain import load_from_local, saves_plainly

    init_default_scope('mmaction')
    checkpoint = load_from_local(path, map_location='cpu')
    try:
        tensors = find_tensors(checkpoint)
        layout, prefix = recognise(tensors)
        backbone, weights = convert(tensors, layout, prefix)
    except WeightsError as error:
        raise WeightsError(f'{path}: {error}') from error
    if Path(out).exists() and Path(out).samefile(path):
        raise UsageError(f'{out} is the file of the weights itself: name another one')
    Path(out).parent.mkdir(parents=True, exist_ok=True)
    meta = dict(backbone=backbone, imported_from=layout.source)
    state_dict = {f'backbone.{name}': tensor for name, tensor in weights.items()}
    saves_plainly(torch.save)(dict(state_dict=state_dict, meta=meta), out)

    under = f' under {prefix}' if prefix else ''
    print(f"{path}: {layout.source}'s R(2+1)D{under}")
    print(f'wrote {out}: {len(names_of(weights))} tensors of {backbone["type"]}, all it has')
    used = {id(tensor) for tensor in weights.values()}
    left = names_of(name for name, tensor in tensors.items() if id(tensor) not in used)
    if left:
        print(f'left out: {count_prefixes(left)}')
    arguments = ', '.join(f'{key}={value!r}' for key, value in backbone.items())
    print(SNIPPET.format(backbone=arguments, out=out, normalisation=layout.normalisation))


def main() -> None:
    args = parse_args()
    with user_errors():
        import_weights(args.weights, str(args.out))


if __name__ == '__main__':
    main()
