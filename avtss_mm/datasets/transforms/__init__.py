"""Transforms from a file name to the clips, spectrograms and labels of a sample."""

from .audio import AudioAmplify, MelSpectrogram, SpecFrequencyMask
from .decoding import AVDecode, AVInit
from .evaluation_sampling import SlidingAVClips, UniformSampleAVClips
from .photometric import PhotometricJitter
from .random_sampling import RandomSampleAVClips
from .sampling import SampleAVClips
from .video import PerClip, PerFrame

__all__ = [
    'AVDecode',
    'AVInit',
    'AudioAmplify',
    'MelSpectrogram',
    'PerClip',
    'PerFrame',
    'PhotometricJitter',
    'RandomSampleAVClips',
    'SampleAVClips',
    'SlidingAVClips',
    'SpecFrequencyMask',
    'UniformSampleAVClips',
]
