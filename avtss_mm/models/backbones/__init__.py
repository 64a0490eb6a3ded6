from .avid_r2plus1d import AVIDR2Plus1D
from .frame_resnet import FrameResNet
from .r2plus1d import R2Plus1D
from .spectrogram_resnet import SpectrogramResNet

__all__ = ['AVIDR2Plus1D', 'FrameResNet', 'R2Plus1D', 'SpectrogramResNet']
