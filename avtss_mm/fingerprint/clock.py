"""Formats times for people."""

from __future__ import annotations


def clock(seconds: float, decimals: int = 2) -> str:
    """Formats seconds as ``1:02.50`` or ``1:00:02.50``, with ``decimals`` decimal places."""
    scale = 10**decimals
    minutes, parts = divmod(round(abs(seconds) * scale), 60 * scale)
    hours, minutes = divmod(minutes, 60)
    head = f'{hours}:{minutes:02d}' if hours else f'{minutes}'
    sign = '-' if round(seconds * scale) < 0 else ''
    return f'{sign}{head}:{parts // scale:02d}.{parts % scale:0{decimals}d}'
