from .contrastive_head import ContrastiveHead
from .copy_head import SpreadContrastiveHead
from .peer_heads import AgreementContrastiveHead, NearestNeighborContrastiveHead
from .temporal_heads import ClipOrderHead, ClipPretextHead

__all__ = [
    'AgreementContrastiveHead',
    'ClipOrderHead',
    'ClipPretextHead',
    'ContrastiveHead',
    'NearestNeighborContrastiveHead',
    'SpreadContrastiveHead',
]
