from .av_contrastive_recognizer import AVContrastiveRecognizer
from .av_encoder import AVEncoder
from .late_fusion_recognizer import LateFusionRecognizer

__all__ = ['AVContrastiveRecognizer', 'AVEncoder', 'LateFusionRecognizer']
