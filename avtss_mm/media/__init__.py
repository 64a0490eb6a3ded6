"""Media files: metadata, frames at given times, sound in a window. Independent of the method."""

from ..errors import ManifestError, MediaError
from .base import MediaClips, MediaInfo, Reader
from .finding import find_media
from .manifest import build_manifest, load_manifest, save_manifest
from .probe import probe
from .reader import available_backends, open_media
from .writer import write_video

__all__ = [
    'ManifestError',
    'MediaClips',
    'MediaError',
    'MediaInfo',
    'Reader',
    'available_backends',
    'build_manifest',
    'find_media',
    'load_manifest',
    'open_media',
    'probe',
    'save_manifest',
    'write_video',
]
