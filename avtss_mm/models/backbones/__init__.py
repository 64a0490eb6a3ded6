from .r2plus1d import R2Plus1D
from .spectrogram_resnet import SpectrogramResNet

__all__ = ['R2Plus1D', 'SpectrogramResNet']
