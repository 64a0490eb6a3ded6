"""Settings that make features comparable; an index refuses those of another model."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping

from ...apis.embedder import Embedder
from ...errors import UsageError
from ..descriptors import STEPS


def settings_of(embedder: Embedder) -> dict:
    """Settings that make features comparable: weights and pipeline, except the stride and the
    fingerprints without learning."""
    steps = embedder.clip_reader(embedder.modalities).steps
    steps = [
        {key: value for key, value in step.items() if key != 'stride'}
        for step in steps
        if step['type'] not in STEPS
    ]
    return dict(
        weights_sha256=embedder.weights_sha256(),
        pipeline=json.dumps(steps, sort_keys=True, default=str),
        chunk=next(step['clip_duration'] for step in steps if 'clip_duration' in step),
    )


def refuse_other_model(
    folder,
    metadata: Mapping,
    embedder: Embedder,
    checkpoint: str | None = None,
    config: str | None = None,
) -> None:
    """Refuses a model whose features are not comparable with those of an index.

    Args:
        folder: Folder of the index.
        metadata: Metadata of the index.
        embedder: Embedder of :func:`.chunk_embedder`.
        checkpoint: Checkpoint as the user named it, for the message.
        config: Config as the user named it, for the message.

    Raises:
        UsageError: If so; the text has the command that rebuilds the index.
    """
    if 'weights_sha256' not in metadata:
        raise UsageError(f'{folder} is empty: "avtss-fp index" fills it')
    settings = settings_of(embedder)
    changed = [name for name in settings if metadata[name] != settings[name]]
    if changed:
        command = ['avtss-fp', 'index', *metadata['folders'], '-o', str(folder)]
        command += ['--checkpoint', checkpoint or metadata['checkpoint']]
        if config or (checkpoint is None and metadata.get('config')):
            command += ['--config', config or metadata['config']]
        raise UsageError(
            f'{folder} was made with another model ({metadata["checkpoint"]}; '
            f'{" and ".join(changed)} differ). Name another index, or replace it by: '
            f'{shlex.join([*command, "--rebuild"])}'
        )
