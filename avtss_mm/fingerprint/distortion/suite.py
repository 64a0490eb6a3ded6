"""AVTSS-FP v1: the table of distortions for copies of videos.

A line of the table names a distortion, its family, the modalities that it changes ('v' video, 'a'
audio, 'av' both) and the fields of :class:`Recipe` with their three values, from mild to strong.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

VERSION = 'AVTSS-FP v1'


@dataclass(frozen=True)
class Recipe:
    """Steps of a distortion, in this order. The defaults of all fields change nothing.

    Attributes:
        cut: Seconds to cut at the beginning.
        length: Seconds of the reference to keep, from a seeded position on; None: all.
        speed: Seconds of the reference per second of the copy; negative: backward.
        keep_pitch: Whether the sound keeps its pitch at another speed; if not, it plays like a
            tape.
        drop: Share of frames (seeded) that are replaced by the previous frame.
        fps: Frames per second of the copy; None: those of the reference.
        video: FFmpeg filters of the video, separated by ``', '``; ``$seed`` is replaced.
        overlays: Names and strengths (1 to 3) of overlays, see :mod:`.overlay`.
        inset: Side of the frame within the frame of another video, as a share; 1: no other video.
        audio: FFmpeg filters of the audio, in the same form as ``video``.
        clipped: Amplitude at which the sound is clipped, as a multiple of its RMS.
        snr: Signal-to-noise ratio with added noise in dB; None: no noise.
        muted: Share of the time to mute.
        replaced: Share of the time to replace by other sound.
        sound_codec: FFmpeg encoder, sample rate and bit rate with which the sound is encoded before
            it is stored; None: only stored.
        inserted: Seconds of another video to insert before and after.
        codec: FFmpeg encoder of the video.
        crf: Constant quality of the video; lower is better.
    """

    cut: float = 0.0
    length: float | None = None
    speed: float = 1.0
    keep_pitch: bool = False
    drop: float = 0.0
    fps: float | None = None
    video: str = ''
    overlays: tuple[tuple[str, int], ...] = ()
    inset: float = 1.0
    audio: str = ''
    clipped: float | None = None
    snr: float | None = None
    muted: float = 0.0
    replaced: float = 0.0
    sound_codec: tuple[str, int, int] | None = None
    inserted: float = 0.0
    codec: str = 'libx264'
    crf: int = 23

    def __add__(self, other: Recipe) -> Recipe:
        """Combines two recipes: filters and overlays in turn, otherwise the non-default values."""
        values = {}
        for field in fields(self):
            mine, its = getattr(self, field.name), getattr(other, field.name)
            if field.name in ('video', 'audio'):
                values[field.name] = ', '.join(filter(None, (mine, its)))
            elif field.name == 'overlays':
                values[field.name] = mine + its
            else:
                values[field.name] = mine if its == field.default else its
        return Recipe(**values)


@dataclass(frozen=True)
class Distortion:
    """A line of the table.

    Attributes:
        name: Name in files and tables.
        family: Family: codec, geometry, colour, noise, overlay, time, audio or mixed.
        modality: Modalities that it changes: 'v', 'a' or 'av'.
        recipes: Recipes of severity 1, 2 and 3.
        headline: Whether it counts in the mean over distortions.
    """

    name: str
    family: str
    modality: str
    recipes: tuple[Recipe, Recipe, Recipe]
    headline: bool = True


def _line(name: str, family: str, modality: str, headline: bool = True, **values) -> Distortion:
    """Makes a distortion from the three values of each field."""
    recipes = (Recipe(**dict(zip(values, triple))) for triple in zip(*values.values()))
    return Distortion(name, family, modality, tuple(recipes), headline)


def _fill(template: str, *values: Any) -> tuple[str, ...]:
    """Fills each of the values into ``{0}``, ``{1}``, ... of a template of filters."""
    return tuple(template.format(*(v if isinstance(v, tuple) else (v,))) for v in values)


def _drawn(name: str) -> tuple:
    return tuple(((name, strength),) for strength in (1, 2, 3))


def _shifted_pitch(*semitones: float) -> tuple[str, ...]:
    ratios = [2 ** (semitone / 12) for semitone in semitones]
    filters = 'asetrate={0:.0f}, aresample=48000, atempo={1:.6f}'
    return _fill(filters, *((48000 * ratio, 1 / ratio) for ratio in ratios))


_Y = 'format=yuv420p, lutyuv=y={0}'
_TURNED = 'rotate={0}*PI/180:ow=rotw({0}*PI/180):oh=roth({0}*PI/180)'
_SEPIA = '.393:.769:.189:0:.349:.686:.168:0:.272:.534:.131'
_BACK = 'scale=trunc(iw/{0}):trunc(ih/{0}), scale=iw*{0}:ih*{0}:flags=neighbor'
_BAND = 'highpass=f={0}, lowpass=f={1}, highpass=f={0}, lowpass=f={1}'
_POST = 'pad=iw*1.1:ih*1.9:(ow-iw)/2:(oh-ih)*.42:white'
_MP3 = tuple(('libmp3lame', *rates) for rates in ((48000, 64000), (32000, 32000), (24000, 16000)))
_OPUS = tuple(('libopus', 48000, bits) for bits in (32000, 16000, 8000))

_SINGLE = (
    _line('crf', 'codec', 'v', crf=(28, 38, 45)),
    _line('transcode', 'codec', 'v', codec=('mpeg4', 'mjpeg', 'libvpx-vp9'), crf=(23, 23, 62)),
    _line('downscale', 'codec', 'v', video=_fill('scale=iw/{0}:ih/{0}', 2, 3, 5)),
    _line('fps', 'codec', 'v', fps=(15, 8, 4)),
    _line('crop', 'geometry', 'v', video=_fill('crop=iw*{0}:ih*{0}', 0.9, 0.75, 0.5)),
    _line(
        'letterbox', 'geometry', 'v',
        video=_fill('pad=iw*{0}:ih*{1}:-1:-1', (1, 1.3), (1.6, 1), (1.5, 1.5)),
    ),
    _line('aspect', 'geometry', 'v', video=_fill('scale=iw*{0}:ih', 1.25, 0.7, 0.5)),
    _line(
        'rotate', 'geometry', 'v',
        video=(*_fill(_TURNED, 5, 15), 'transpose=1'),
    ),
    _line('flip', 'geometry', 'v', video=('hflip', 'vflip', 'hflip, vflip')),
    _line('inset', 'geometry', 'v', inset=(0.75, 0.55, 0.35)),
    _line('brightness', 'colour', 'v', video=_fill(_Y, 'val+35', 'val-60', 'val+90')),
    _line(
        'contrast', 'colour', 'v',
        video=_fill(_Y, '(val-128)*1.4+128', '(val-128)*.5+128', '(val-128)*2.5+128'),
    ),
    _line('saturation', 'colour', 'v', video=_fill('hue=s={0}', 0.5, 1.8, 3.5)),
    _line(
        'grey', 'colour', 'v',
        video=('hue=s=0', f'colorchannelmixer={_SEPIA}', 'hue=s=0, curves=preset=strong_contrast'),
    ),
    _line('gamma', 'colour', 'v', video=_fill(_Y, *(f'gammaval({g})' for g in (0.7, 1.7, 2.8)))),
    _line('hue', 'colour', 'v', video=_fill('hue=h={0}', 15, 60, 180)),
    _line(
        'noise', 'noise', 'v',
        video=_fill('noise=alls={0}:allf=t:all_seed=$seed', 20, 50, 100),
    ),
    _line('blur', 'noise', 'v', video=_fill('gblur=sigma={0}', 2, 4, 8)),
    _line('pixelate', 'noise', 'v', video=_fill(_BACK, 4, 8, 16)),
    *(_line(name, 'overlay', 'v', overlays=_drawn(name)) for name in ('text', 'emoji', 'logo')),
    _line('border', 'overlay', 'v', overlays=_drawn('border')),
    _line(
        'meme', 'overlay', 'v', overlays=_drawn('meme'),
        video=('pad=iw:ih*1.25:0:oh-ih:white', 'pad=iw:ih*1.5:0:(oh-ih)/2:white', _POST),
    ),
    _line('trim', 'time', 'av', length=(8, 5, 2)),
    _line('offset', 'time', 'av', cut=(0.37, 1.13, 2.71)),
    _line('speed', 'time', 'av', headline=False, speed=(0.8, 1.25, 1.5)),
    _line('reverse', 'time', 'av', headline=False, speed=(-1, -1.25, -1.5)),
    _line('frame_drop', 'time', 'v', drop=(0.2, 0.5, 0.8)),
    _line('insert', 'time', 'av', inserted=(2, 5, 8), length=(8, 5, 3)),
    _line('mp3', 'audio', 'a', sound_codec=_MP3),
    _line('opus', 'audio', 'a', sound_codec=_OPUS),
    _line('audio_noise', 'audio', 'a', snr=(20, 10, 0)),
    _line(
        'telephone', 'audio', 'a',
        audio=_fill(_BAND, (300, 3400), (300, 3400), (500, 1800)),
        sound_codec=(None, *(('pcm_mulaw', rate, 8 * rate) for rate in (8000, 4000))),
    ),
    _line('clipping', 'audio', 'a', clipped=(2, 0.8, 0.2)),
    _line(
        'echo', 'audio', 'a',
        audio=_fill('aecho=1:{0}', '0.8:60:.4', '0.7:90|180:.6|.4', '.6:150|300|450:.8|.65|.5'),
    ),
    _line('gain', 'audio', 'a', audio=_fill('volume={0}dB', -10, -25, 18)),
    _line('pitch', 'audio', 'a', audio=_shifted_pitch(0.5, -1, 2)),
    _line('tempo', 'audio', 'av', headline=False, speed=(0.95, 1.1, 1.25), keep_pitch=(True,) * 3),
    _line('mute', 'audio', 'a', headline=False, muted=(0.25, 0.5, 1)),
    _line('replace', 'audio', 'a', headline=False, replaced=(0.25, 0.5, 1)),
)  # fmt: skip


def _mixed(name: str, modality: str, *parts: str) -> Distortion:
    lines = [line for part in parts for line in _SINGLE if line.name == part]
    recipes = (sum(recipes, Recipe()) for recipes in zip(*(line.recipes for line in lines)))
    return Distortion(name, 'mixed', modality, tuple(recipes))


SUITE_V1: tuple[Distortion, ...] = (
    *_SINGLE,
    _mixed('repost', 'v', 'crop', 'text', 'crf'),
    _mixed('story', 'av', 'trim', 'emoji', 'mp3'),
    _mixed('filmed', 'av', 'rotate', 'gamma', 'audio_noise'),
    _mixed('disguise', 'av', 'hue', 'border', 'pitch'),
)


def find_distortions(names: Sequence[str] | None = None) -> list[Distortion]:
    """Finds distortions by name, in the order of the table; all of them without names.

    Raises:
        ValueError: If a name is not in the table.
    """
    known = [line.name for line in SUITE_V1]
    for name in names or ():
        if name not in known:
            raise ValueError(f'there is no distortion {name!r}: choose from {", ".join(known)}')
    return [line for line in SUITE_V1 if names is None or line.name in names]
