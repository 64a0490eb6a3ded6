"""Copies of videos, and the match pages about them."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

import cv2
import numpy as np

from avtss_mm.media import open_media, write_video

VOID = {'meta', 'img', 'link', 'br', 'input', 'source'}
WEBM = dict(video_codec='libvpx-vp9', audio_codec='libopus')


@dataclass(frozen=True)
class Match:
    query_start: float
    query_end: float
    video: str
    video_start: float
    video_end: float
    speed: float = 1.0
    score: float = 0.9
    modality: str = 'av'
    descriptors: str = ''

    def __post_init__(self):
        object.__setattr__(self, 'descriptors', self.descriptors or self.modality)


def write_copy(source, target, offset: float, speed: float, duration: float) -> None:
    """Writes a re-encoded copy: at time t it shows what the source shows at offset + speed t."""
    with open_media(source) as reader:
        times = offset + speed * np.arange(round(duration * 25)) / 25
        clips = reader.read([times], [(offset, offset + speed * duration)])
    sound = clips.audio[0]
    resampled = np.interp(np.arange(0, len(sound), speed), np.arange(len(sound)), sound)
    write_video(target, clips.frames[0], 25, resampled, crf=36, **WEBM)


class Element:
    def __init__(self, tag: str, attributes: dict) -> None:
        self.tag, self.attributes, self.text = tag, attributes, ''

    def place(self) -> dict[str, float]:
        """Returns the percentages of its style, such as ``left:20%``, as numbers."""
        pairs = (rule.split(':') for rule in self.attributes['style'].split(';') if rule)
        return {name: float(value.rstrip('%')) for name, value in pairs if '%' in value}

    def picture(self) -> np.ndarray:
        """Decodes the picture (H, W, 3 or 4) in the data URL of an image."""
        data = self.attributes['src'].partition(';base64,')[2]
        return cv2.imdecode(np.frombuffer(base64.b64decode(data), np.uint8), cv2.IMREAD_UNCHANGED)


class ParsedPage(HTMLParser):
    """Parses the elements of a page; raises AssertionError if they are not properly nested."""

    def __init__(self, path) -> None:
        super().__init__()
        self.html = Path(path).read_text(encoding='utf-8')
        self.elements: list[Element] = []
        self._open: list[Element] = []
        self.feed(self.html)
        self.close()
        assert not self._open, self._open[-1].tag

    def handle_starttag(self, tag, attrs):
        element = Element(tag, dict(attrs))
        assert len(element.attributes) == len(attrs), f'an attribute of {tag} is there twice'
        self.elements.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_startendtag(self, tag, attrs):
        self.elements.append(Element(tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self._open and self._open.pop().tag == tag, f'</{tag}> closes something else'

    def handle_data(self, data):
        for element in self._open:
            element.text += data

    def all(self, tag: str, of: str = '') -> list[Element]:
        """Returns the elements of a tag, and of a class if one is given."""
        found = [element for element in self.elements if element.tag == tag]
        return [e for e in found if not of or of in (e.attributes.get('class') or '').split()]

    def data(self) -> dict:
        """Returns the data that the script of the page receives."""
        return json.loads(self.all('script')[0].text)

    def frames(self, who: str) -> list[tuple[float, np.ndarray]]:
        """Returns the time on the axis and the picture of each frame of ``Query`` or ``Match``."""
        images = [e for e in self.all('img') if e.attributes['alt'].startswith(f'{who} at')]
        buttons = self.all('button', 'frame')
        times = [
            float(button.attributes['data-time'])
            for button in buttons
            if button.attributes['title'].startswith(f'{who} at')
        ]
        return [(time, image.picture().astype(float)) for time, image in zip(times, images)]

    def spectrograms(self) -> list[Element]:
        """Returns the spectrograms of the query and of the match."""
        return [e for e in self.all('img') if e.attributes['alt'].startswith('Spectrogram')]


def chunks(count: int, hop: float = 1.0, first: int = 0, dimensions: int = 32):
    """Chunk i of 2 s has the i-th unit vector."""
    starts = hop * np.arange(count)
    return np.c_[starts, starts + 2], np.eye(dimensions, dtype='f')[first : first + count]
