"""Transforms from a file name to the clips, spectrograms and labels of a sample."""

from .audio import AudioAmplify, MelSpectrogram, SpecFrequencyMask
from .collage import FilmPicture
from .decoding import AVDecode, AVInit
from .evaluation_sampling import SlidingAVClips, UniformSampleAVClips
from .framing import RandomFraming
from .photometric import PhotometricJitter
from .picture_distortion import RandomDegradation, RandomOverlay
from .random_sampling import RandomSampleAVClips, SampleSameMoment
from .sampling import SampleAVClips
from .sound_distortion import RandomSoundDistortion
from .video import PerClip, PerFrame

__all__ = [
    'AVDecode',
    'AVInit',
    'AudioAmplify',
    'FilmPicture',
    'MelSpectrogram',
    'PerClip',
    'PerFrame',
    'PhotometricJitter',
    'RandomDegradation',
    'RandomFraming',
    'RandomOverlay',
    'RandomSampleAVClips',
    'RandomSoundDistortion',
    'SampleAVClips',
    'SampleSameMoment',
    'SlidingAVClips',
    'SpecFrequencyMask',
    'UniformSampleAVClips',
]
