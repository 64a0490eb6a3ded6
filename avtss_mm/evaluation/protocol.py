"""What a figure was measured on: frames, resolution and clips move it by points."""

from __future__ import annotations

from collections.abc import Sequence

SAMPLERS = ('SampleFrames', 'UniformSampleAVClips', 'SlidingAVClips', 'SampleAVClips')
CROPS = dict(CenterCrop=1, ThreeCrop=3, TenCrop=10)


def describe_protocol(pipeline: Sequence[dict]) -> dict:
    """Read frames, rate, resolution, clips and crops off a pipeline's config.

    Args:
        pipeline (Sequence[dict]): Configs of transforms, of ours or of mmaction2.

    Returns:
        dict: Those of ``clips``, ``crops``, ``frames``, ``fps``, ``frame_interval``,
        ``resolution`` (``'112 x 112'``), ``clip_seconds``, ``sample_rate`` (Hz) and ``num_mels``
        that the pipeline decides.
    """
    facts = {}
    has_video, has_audio = True, False
    for step in pipeline:
        kind = step['type']
        if kind in SAMPLERS:
            facts['clips'] = 2 if kind == 'SampleAVClips' else step.get('num_clips', 1)
            facts['frames'] = step.get('clip_len', 16)
            if kind == 'SampleFrames':
                facts['frame_interval'] = step.get('frame_interval', 1)
            else:
                facts['fps'] = step.get('video_fps', 16)
                facts['clip_seconds'] = step.get('clip_duration') or facts['frames'] / facts['fps']
        elif kind == 'AVDecode':
            has_video, has_audio = step.get('with_video', True), step.get('with_audio', True)
            facts['sample_rate'] = step.get('sample_rate', 16000)
        elif kind == 'MelSpectrogram':
            facts['num_mels'] = step.get('num_mels', 80)
        elif kind == 'Resize' and not step.get('keep_ratio', True):
            facts['resolution'] = _size(step['scale'])
        elif kind in CROPS:
            facts['resolution'] = _size(step['crop_size'])
            facts['crops'] = CROPS[kind]
    dropped = () if has_video else ('frames', 'fps', 'resolution', 'crops')
    dropped += () if has_audio else ('sample_rate', 'num_mels')
    return {name: value for name, value in facts.items() if name not in dropped}


def protocol_text(facts: dict) -> str:
    """One line, such as ``16 frames at 16 fps, 112 x 112, 10 clips x 3 crops``."""
    parts = []
    if 'frames' in facts:
        by_time = 'fps' in facts
        rate = f'at {facts["fps"]:g} fps' if by_time else f'every {facts["frame_interval"]}.'
        parts.append(f'{facts["frames"]} frames {rate}')
    if 'resolution' in facts:
        parts.append(facts['resolution'])
    if 'num_mels' in facts:
        parts.append(f'{facts["num_mels"]} mel bins of {facts["sample_rate"]} Hz sound')
    if 'frames' not in facts and 'clip_seconds' in facts:
        parts.append(f'{facts["clip_seconds"]:g} s')
    if 'clips' in facts:
        crops = f' x {facts["crops"]} crop' + 's' * (facts['crops'] > 1) if 'crops' in facts else ''
        parts.append(f'{facts["clips"]} clip' + 's' * (facts['clips'] > 1) + crops)
    return ', '.join(parts)


def is_figure(name: str) -> bool:
    """Whether a metric is a result, not a chance level or a setting that was chosen."""
    return not name.endswith(('chance', '_C', '_share'))


def chance_of(name: str, metrics: dict[str, float]) -> float | None:
    """The chance level of a metric, if it has one."""
    shared = metrics.get(f'{name.rpartition("/")[0]}/chance') if 'top1' in name else None
    return metrics.get(f'{name}_chance', shared)


def _size(size: int | Sequence[int]) -> str:
    width, height = (size, size) if isinstance(size, int) else size
    return f'{height} x {width}'
