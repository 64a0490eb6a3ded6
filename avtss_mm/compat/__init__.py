"""What the released mmaction2 and mmengine need: importing this package patches them."""

from . import moved, patches, removed

__all__ = ['moved', 'patches', 'removed']
