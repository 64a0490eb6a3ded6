from .contrastive_head import ContrastiveHead
from .temporal_heads import ClipOrderHead, ClipPretextHead

__all__ = ['ClipOrderHead', 'ClipPretextHead', 'ContrastiveHead']
