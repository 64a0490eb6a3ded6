"""Encoders, projections, losses and the recognizer, registered in mmaction2's ``MODELS``."""

from .backbones import R2Plus1D, SpectrogramResNet
from .heads import ClipOrderHead, ClipPretextHead, ContrastiveHead
from .memories import FeatureQueue
from .necks import ProjectionNeck
from .recognizers import AVContrastiveRecognizer

__all__ = [
    'AVContrastiveRecognizer',
    'ClipOrderHead',
    'ClipPretextHead',
    'ContrastiveHead',
    'FeatureQueue',
    'ProjectionNeck',
    'R2Plus1D',
    'SpectrogramResNet',
]
