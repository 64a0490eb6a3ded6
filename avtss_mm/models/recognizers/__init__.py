from .av_contrastive_recognizer import AVContrastiveRecognizer

__all__ = ['AVContrastiveRecognizer']
