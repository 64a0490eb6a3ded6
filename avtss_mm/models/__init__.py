"""Encoders, projections, losses and the recognizer, registered in mmaction2's ``MODELS``."""

from .backbones import AVIDR2Plus1D, R2Plus1D, SpectrogramResNet
from .heads import ClipOrderHead, ClipPretextHead, ContrastiveHead
from .memories import FeatureQueue
from .necks import ProjectionNeck
from .recognizers import AVContrastiveRecognizer, AVEncoder, LateFusionRecognizer

__all__ = [
    'AVContrastiveRecognizer',
    'AVEncoder',
    'AVIDR2Plus1D',
    'ClipOrderHead',
    'ClipPretextHead',
    'ContrastiveHead',
    'FeatureQueue',
    'LateFusionRecognizer',
    'ProjectionNeck',
    'R2Plus1D',
    'SpectrogramResNet',
]
