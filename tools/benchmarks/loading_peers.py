"""Baselines of loading: the decoder alone, mmaction2's pipelines, torchcodec."""

from __future__ import annotations

from collections.abc import Callable

import av
import numpy as np
from loading_media import Work, needed_packets
from mmcv.transforms import Compose
from mmengine.registry import init_default_scope

from avtss_mm.media.pyav_container import open_input

CROP = [
    dict(type='RandomResizedCrop', area_range=(0.2, 1.0)),
    dict(type='Resize', scale=(112, 112), keep_ratio=False),
    dict(type='Flip', flip_ratio=0.5),
    dict(type='FormatShape', input_format='NCTHW'),
]


def decode_alone(work: list[Work]) -> Callable[[], None]:
    """Decodes what the samples need from packets in memory and does nothing else."""
    held = []
    for item in work:
        with open_input(str(item.path)) as container:
            streams = container.streams.video[0], container.streams.audio[0]
            codecs = [(s.codec_context.name, s.codec_context.extradata) for s in streams]
        held.append((codecs, *needed_packets(item)))

    def run() -> None:
        for codecs, pictures, sounds in held:
            video, audio = (_decoder(*codec) for codec in codecs)
            for packet, only_if_referred_to in pictures:
                video.skip_frame = 'NONREF' if only_if_referred_to else 'DEFAULT'
                video.decode(packet)
            video.decode(None)
            for packet in sounds:
                audio.decode(packet)

    return run


def _decoder(name: str, extradata: bytes | None) -> av.CodecContext:
    context = av.CodecContext.create(name, 'r')
    context.extradata = extradata
    context.thread_count = 1
    return context


def stock(work: list[Work], reader: str, by_time: bool = True) -> Callable[[], None]:
    """Runs mmaction2's pipeline with ``reader`` 'Decord' or 'PyAV': the same frames, no sound.

    SampleFrames draws neither speeds nor directions, so the frame indices are given: by default in
    order of time, since Decord seeks for each frame of a backward clip.
    """
    init_default_scope('mmaction')
    steps = [dict(type=f'mmaction.{reader}{part}') for part in ('Init', 'Decode')]
    first, *rest = Compose([*steps, *CROP]).transforms

    def run() -> None:
        for item in work:
            results = first(dict(filename=str(item.path), modality='RGB', start_index=0))
            inds = np.sort(item.frame_inds) if by_time else item.frame_inds
            results.update(frame_inds=inds, clip_len=16, num_clips=2)
            for step in rest:
                results = step(results)

    return run


def torchcodec_frames(work: list[Work]) -> Callable[[], None]:
    """Reads the same frames and sound with torchcodec's decoders, without resizing."""
    from torchcodec.decoders import AudioDecoder, VideoDecoder

    def run() -> None:
        for item in work:
            video = VideoDecoder(str(item.path), num_ffmpeg_threads=1, seek_mode='exact')
            begin = video.metadata.begin_stream_seconds
            video.get_frames_at(np.sort(item.frame_inds).tolist())
            sound = AudioDecoder(str(item.path), sample_rate=16000, num_channels=1)
            for start, end in item.audio_windows:
                sound.get_samples_played_in_range(start + begin, end + begin)

    return run


def torchcodec_sampler(work: list[Work]) -> Callable[[], None]:
    """Runs torchcodec's own sampler: two clips of the same length, at its own random times."""
    from torchcodec.decoders import AudioDecoder, VideoDecoder
    from torchcodec.samplers import clips_at_random_timestamps

    def run() -> None:
        for item in work:
            video = VideoDecoder(str(item.path), num_ffmpeg_threads=1, seek_mode='exact')
            begin = video.metadata.begin_stream_seconds
            step = float(np.abs(np.diff(item.frame_times)).mean())
            clips_at_random_timestamps(
                video,
                num_clips=2,
                num_frames_per_clip=16,
                seconds_between_frames=step,
                policy='repeat_last',
            )
            sound = AudioDecoder(str(item.path), sample_rate=16000, num_channels=1)
            for start, end in item.audio_windows:
                sound.get_samples_played_in_range(start + begin, end + begin)

    return run
