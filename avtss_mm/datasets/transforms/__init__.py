"""Transforms from a file name to the clips, spectrograms and labels of a sample."""

from .audio import AudioAmplify, MelSpectrogram, SpecFrequencyMask
from .decoding import AVDecode, AVInit
from .photometric import PhotometricJitter
from .sampling import SampleAVClips, UniformSampleAVClips
from .video import PerClip, PerFrame

__all__ = [
    'AVDecode',
    'AVInit',
    'AudioAmplify',
    'MelSpectrogram',
    'PerClip',
    'PerFrame',
    'PhotometricJitter',
    'SampleAVClips',
    'SpecFrequencyMask',
    'UniformSampleAVClips',
]
