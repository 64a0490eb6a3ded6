"""The protocol of a figure: frames, resolution and clips change it by points."""

from __future__ import annotations

from collections.abc import Sequence

from mmaction.registry import TRANSFORMS

SAMPLER = dict(
    clip_len='frames',
    video_fps='fps',
    frame_interval='frame_interval',
    audio_duration='clip_seconds',
    num_clips='clips',
    stride='clip_stride',
)
"""Names used here for attributes of samplers, of this package and of mmaction2."""
CROPS = dict(CenterCrop=1, ThreeCrop=3, TenCrop=10)


def describe_protocol(pipeline: Sequence[dict]) -> dict:
    """Build a pipeline and read frames, rate, resolution, clips and crops from its transforms.

    Args:
        pipeline (Sequence[dict]): Configs of transforms, of this package or of mmaction2.

    Returns:
        dict: Settings that the pipeline determines, among ``clips`` or ``clip_stride`` (s),
        ``crops``, ``frames``, ``fps``, ``frame_interval``, ``resolution`` (``'112 x 112'``),
        ``clip_seconds``, ``sample_rate`` (Hz) and ``num_mels``.
    """
    facts = {}
    has_video, has_audio = True, False
    for transform in map(TRANSFORMS.build, pipeline):
        kind = type(transform).__name__
        if hasattr(transform, 'clip_len'):
            read = {name: getattr(transform, key, None) for key, name in SAMPLER.items()}
            facts.update((name, value) for name, value in read.items() if value is not None)
        elif kind == 'AVDecode':
            has_video, has_audio = transform.with_video, transform.with_audio
            facts['sample_rate'] = transform.sample_rate
        elif kind == 'MelSpectrogram':
            facts['num_mels'] = transform.to_mel.n_mels
        elif kind == 'Resize' and not transform.keep_ratio and isinstance(transform.scale, tuple):
            facts['resolution'] = _size(transform.scale)
        elif kind in CROPS:
            facts['resolution'] = _size(transform.crop_size)
            facts['crops'] = CROPS[kind]
    dropped = () if has_video else ('frames', 'fps', 'resolution', 'crops')
    dropped += () if has_audio else ('sample_rate', 'num_mels')
    return {name: value for name, value in facts.items() if name not in dropped}


def protocol_text(facts: dict) -> str:
    """Format a protocol in one line: ``16 frames at 16 fps, 112 x 112, 10 clips x 3 crops``."""
    parts = []
    if 'frames' in facts:
        parts.append(f'{facts["frames"]} frames')
        if 'fps' in facts:
            parts[-1] += f' at {facts["fps"]:g} fps'
        elif 'frame_interval' in facts:
            parts[-1] += f' every {facts["frame_interval"]}.'
    if 'resolution' in facts:
        parts.append(facts['resolution'])
    if 'num_mels' in facts:
        parts.append(f'{facts["num_mels"]} mel bins of {facts["sample_rate"]} Hz sound')
    if 'frames' not in facts and 'clip_seconds' in facts:
        parts.append(f'{facts["clip_seconds"]:g} s')
    if 'clip_stride' in facts:
        parts.append(f'a clip every {facts["clip_stride"]:g} s')
    if 'clips' in facts:
        crops = f' x {facts["crops"]} crop' + 's' * (facts['crops'] > 1) if 'crops' in facts else ''
        parts.append(f'{facts["clips"]} clip' + 's' * (facts['clips'] > 1) + crops)
    return ', '.join(parts)


def is_figure(name: str) -> bool:
    """Whether a metric is a result, not a chance level or a chosen setting."""
    return not name.endswith(('chance', '_C', '_share'))


def chance_of(name: str, metrics: dict[str, float]) -> float | None:
    """The chance level of a metric, if it has one."""
    shared = metrics.get(f'{name.rpartition("/")[0]}/chance') if 'top1' in name else None
    return metrics.get(f'{name}_chance', shared)


def _size(size: Sequence[int]) -> str:
    width, height = size
    return f'{height} x {width}'
