"""Encoders, projections, losses and the recognizer, registered in mmaction2's ``MODELS``."""

from .backbones import AVIDR2Plus1D, FrameResNet, R2Plus1D, SpectrogramResNet
from .heads import (
    AgreementContrastiveHead,
    ClipOrderHead,
    ClipPretextHead,
    ContrastiveHead,
    NearestNeighborContrastiveHead,
    SpreadContrastiveHead,
)
from .memories import FeatureQueue
from .necks import ProjectionNeck
from .recognizers import AVContrastiveRecognizer, AVEncoder, LateFusionRecognizer

__all__ = [
    'AVContrastiveRecognizer',
    'AVEncoder',
    'AVIDR2Plus1D',
    'AgreementContrastiveHead',
    'ClipOrderHead',
    'ClipPretextHead',
    'ContrastiveHead',
    'FeatureQueue',
    'FrameResNet',
    'LateFusionRecognizer',
    'NearestNeighborContrastiveHead',
    'ProjectionNeck',
    'R2Plus1D',
    'SpectrogramResNet',
    'SpreadContrastiveHead',
]
