"""Parses ``KEY=VALUE`` of ``--cfg-options``; paths and text stay as they were typed."""

from __future__ import annotations

import os
import re
from argparse import Action
from collections.abc import Iterator
from typing import Any

PATH = re.compile(
    r'(^|[._])(checkpoint|dir|file|folder|prefix|root)$|(^|\.)path$|(load|resume)_from$'
)
"""Keys whose values are names of files and folders, such as ``2021`` or ``a,b``."""

BRACKETS = {'(': ')', '[': ']'}

WORDS = {'true': True, 'false': False}


class CfgOptions(Action):
    """Splits ``KEY=VALUE`` into a dict, like mmengine's ``DictAction``, which drops blanks.

    ``[a,b]``, ``(a,b)`` and ``a,b`` are lists and tuples, unless the key names a path or the value
    is a path that exists. Quotes inside the value make it text.
    """

    def __call__(self, parser, namespace, values, option_string=None) -> None:
        options = dict(getattr(namespace, self.dest, None) or {})
        for text in values:
            key, equals, value = text.partition('=')
            if not key or not equals:
                parser.error(f'{text} is not KEY=VALUE (a value with blanks needs quotes)')
            options[key] = parse_option(key, value)
        setattr(namespace, self.dest, options)


def parse_option(key: str, text: str) -> Any:
    """Parse the value of an option.

    Args:
        key: Dotted name of the option.
        text: Value as the shell passed it.
    """
    if os.path.exists(text) and (os.sep in text or PATH.search(key)):
        return text
    if PATH.search(key) and text != 'None' and not _in_brackets(text):
        return os.path.expanduser(text)
    return parse_value(text)


def parse_value(text: str) -> Any:
    """Parse a number, ``True``, ``False``, ``None``, text, or a list or tuple of these."""
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] and text[0] in '\'"':
        return parse_value(text[1:-1]) if _in_brackets(text[1:-1]) else text[1:-1]
    if _in_brackets(text):
        items = [parse_value(item) for item in _items(text[1:-1])]
        return tuple(items) if text[0] == '(' else items
    items = list(_items(text))
    if len(items) > 1:
        return [parse_value(item) for item in items]
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return None if text == 'None' else WORDS.get(text.lower(), text)


def _in_brackets(text: str) -> bool:
    """Whether the first and the last character are matching brackets."""
    if len(text) < 2 or BRACKETS.get(text[0]) != text[-1]:
        return False
    depths = list(_depths(text))
    return min(depths[:-1]) > 0 and depths[-1] == 0


def _items(text: str) -> Iterator[str]:
    """Split at commas outside brackets; a trailing comma is allowed."""
    begin = 0
    for at, depth in enumerate(_depths(text)):
        if text[at] == ',' and depth == 0:
            yield text[begin:at]
            begin = at + 1
    if text[begin:].strip():
        yield text[begin:]


def _depths(text: str) -> Iterator[int]:
    """Yield the number of open brackets after each character."""
    depth = 0
    for character in text:
        depth += (character in BRACKETS) - (character in BRACKETS.values())
        yield depth
