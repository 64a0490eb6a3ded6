"""Ways to damage the bytes of a media file, for ``media_faults.py``."""

from __future__ import annotations

import io
import random
import struct
from functools import partial

import av

from avtss_mm.media.pyav_container import open_input

NESTED = tuple(b'moov trak mdia minf stbl edts dinf udta mvex moof traf'.split())
"""Boxes of mp4 that contain boxes."""

ABSURD = (0, 1, 2**31 - 1, 2**31, 2**32 - 1)
DURATIONS = {b'mvhd': (12, 16), b'tkhd': (20,), b'mdhd': (12, 16), b'elst': (8, 12)}
"""Offsets of time scales, durations and times in the payload of a box of version 0."""

AVI_NUMBERS = {b'avih': (0, 16), b'strh': (20, 24, 28, 32)}
"""Likewise in avi: microseconds per frame, number of frames; scale, rate, start, length."""


def boxes(data: bytes, first: int = 0, last: int | None = None) -> list[tuple[bytes, int, int]]:
    """Name, first byte and end of each box of an mp4 or chunk of an avi, nested ones included."""
    is_avi, found, last = data[:4] == b'RIFF', [], len(data) if last is None else last
    while first + 8 <= last:
        if is_avi:
            name, size = struct.unpack_from('<4sI', data, first)
            size, inside = size + 8 + size % 2, 12 if name in (b'RIFF', b'LIST') else 0
        else:
            size, name = struct.unpack_from('>I4s', data, first)
            inside = 8 if name in NESTED else 0
        end = min(first + size, last) if size >= 8 else last
        found.append((name, first, end))
        if inside and data[first + 8 : first + 12] != b'movi':
            found += boxes_of(data, first + inside, end)
        first = end
    return found


def boxes_of(data: bytes, first: int, last: int) -> list[tuple[bytes, int, int]]:
    """The boxes inside another one."""
    return boxes(data, first, last) if last - first >= 8 else []


def cut_at_box(data: bytes, rng: random.Random, number: int) -> bytes:
    """Cuts the file at a boundary of a box; ``number`` cycles through all boundaries."""
    starts = sorted({place for _, first, end in boxes(data) for place in (first, first + 8, end)})
    starts = [place for place in starts if 0 < place < len(data)]
    return data[: starts[number % len(starts)]] if starts else data[:8]


def cut_anywhere(data: bytes, rng: random.Random, number: int) -> bytes:
    return data[: rng.randrange(1, len(data))]


def flip_bits(share: float, data: bytes, rng: random.Random, number: int) -> bytes:
    """Flips a bit in a share of the bytes, at least one."""
    return _flipped(data, range(len(data)), share, rng)


def flip_header(data: bytes, rng: random.Random, number: int) -> bytes:
    """Flips bits outside the encoded video and audio."""
    places = [
        place
        for name, first, end in boxes(data)
        if name not in (b'mdat', b'RIFF', *NESTED) and data[first + 8 : first + 12] != b'movi'
        for place in range(first, min(end, first + 4096))
    ]
    return _flipped(data, places or range(min(4096, len(data))), rng.choice([1e-3, 1e-2]), rng)


def _flipped(data: bytes, places, share: float, rng: random.Random) -> bytes:
    spoiled = bytearray(data)
    for place in rng.choices(places, k=max(1, round(share * len(places)))):
        spoiled[place] ^= 1 << rng.randrange(8)
    return bytes(spoiled)


def zero_bytes(data: bytes, rng: random.Random, number: int) -> bytes:
    spoiled = bytearray(data)
    for place in rng.choices(range(len(data)), k=rng.choice([1, 20, 400])):
        spoiled[place] = 0
    return bytes(spoiled)


def zero_block(data: bytes, rng: random.Random, number: int) -> bytes:
    size = min(rng.choice([64, 512, 4096, 65536]), len(data))
    first = rng.randrange(len(data) - size + 1)
    return data[:first] + bytes(size) + data[first + size :]


def zero_box(data: bytes, rng: random.Random, number: int) -> bytes:
    """Fills the payload of a box with zeros."""
    whole = [box for box in boxes(data) if box[2] - box[1] > 8]
    if not whole:
        return zero_block(data, rng, number)
    _, first, end = whole[number % len(whole)]
    return data[: first + 8] + bytes(end - first - 8) + data[end:]


def move_blocks(data: bytes, rng: random.Random, number: int) -> bytes:
    """Swaps blocks of 4 KiB, like those of a disk."""
    blocks = [data[first : first + 4096] for first in range(0, len(data), 4096)]
    for _ in range(rng.choice([1, 4, 16])):
        one, other = rng.randrange(len(blocks)), rng.randrange(len(blocks))
        blocks[one], blocks[other] = blocks[other], blocks[one]
    return b''.join(blocks)


def absurd_header(data: bytes, rng: random.Random, number: int) -> bytes:
    """Writes absurd durations, rates or numbers of frames."""
    is_avi = data[:4] == b'RIFF'
    table = AVI_NUMBERS if is_avi else DURATIONS
    fields = [
        first + 8 + place
        for name, first, end in boxes(data)
        for place in table.get(name, ())
        if first + 12 + place <= end
    ]
    spoiled = bytearray(data)
    for place in rng.sample(fields, min(rng.choice([1, 1, 2, 4]), len(fields))):
        struct.pack_into('<I' if is_avi else '>I', spoiled, place, rng.choice(ABSURD))
    return bytes(spoiled)


def swap_track_types(data: bytes, rng: random.Random, number: int) -> bytes:
    """Declares the video track audio, the audio track video, or both."""
    names = (b'vids', b'auds') if data[:4] == b'RIFF' else (b'vide', b'soun')
    if number % 3 == 0:
        return data.replace(names[0], b'----').replace(*names[::-1]).replace(b'----', names[1])
    return data.replace(*names) if number % 3 == 1 else data.replace(*names[::-1])


def swap_packets(data: bytes, rng: random.Random, number: int) -> bytes:
    """Overwrites some packets with others, also audio packets with video packets."""
    with open_input(io.BytesIO(data)) as container:
        places = [(p.pos, p.size) for p in container.demux() if p.size and p.pos and p.pos > 0]
    spoiled = bytearray(data)
    for _ in range(rng.choice([2, 20, 100])):
        (one, size), (other, more) = rng.choice(places), rng.choice(places)
        size = min(size, more)
        spoiled[other : other + size] = data[one : one + size]
    return bytes(spoiled)


def without_streams(kept: str, data: bytes, rng: random.Random, number: int) -> bytes:
    """Copies the packets of some streams only, or puts the streams in another order."""
    source = open_input(io.BytesIO(data))
    target, name = io.BytesIO(), 'avi' if data[:4] == b'RIFF' else 'mp4'
    streams = [stream for stream in source.streams if stream.type in ('video', 'audio')]
    streams = [s for s in reversed(streams) if kept in ('both', s.type)] or streams
    with source, av.open(target, 'w', format=name) as container:
        copies = {s.index: container.add_stream_from_template(s) for s in streams}
        for packet in source.demux(streams):
            if packet.dts is not None:
                packet.stream = copies[packet.stream.index]
                container.mux(packet)
    return target.getvalue()


DAMAGE = {
    'bits, 1 byte in 1,000,000': partial(flip_bits, 1e-6),
    'bits, 1 byte in 100,000': partial(flip_bits, 1e-5),
    'bits, 1 byte in 10,000': partial(flip_bits, 1e-4),
    'bits, 1 byte in 1,000': partial(flip_bits, 1e-3),
    'bits, 1 byte in 50': partial(flip_bits, 0.02),
    'bits of the header': flip_header,
    'cut at a box': cut_at_box,
    'cut anywhere': cut_anywhere,
    'bytes zeroed': zero_bytes,
    'block zeroed': zero_block,
    'box zeroed': zero_box,
    'blocks moved': move_blocks,
    'absurd header': absurd_header,
    'track types swapped': swap_track_types,
    'packets swapped': swap_packets,
}
"""Damages by name: functions of the bytes, a random generator and a number."""

REMUXED = {
    'sound only': partial(without_streams, 'audio'),
    'picture only': partial(without_streams, 'video'),
    'streams in another order': partial(without_streams, 'both'),
}
"""Likewise, but the resulting file is intact."""
