"""Changes to files for ``parser_fuzz.py``: bytes, words, JSON values, rows of a database."""

from __future__ import annotations

import json
import random
import sqlite3
from pathlib import Path

WORDS = (
    *('', '0', '-1', '1e999', 'NaN', '-Infinity', 'null', 'true', '9' * 30, '9' * 5000, '1.5'),
    *('[' * 5000, '{"a":' * 3000, '(' * 300, '-' * 9000, '"', "'", '\\', ',', '\n', '\r', '\t'),
    *('\0', '\ufeff', '\u2028', '\x0c', '\x85', '\ud800', '\\ud800', '\\u0000', '#', ' ', '/'),
    *('²', '..', '"""', '../../etc/passwd', '/etc/passwd', '__import__("os")', '**{}', '=1+1'),
    *('{[]: 1}', 'lambda: 0', 'x' * 200_000),
)
"""Strings that trip up parsers, inserted into text files."""

PLAIN = (
    *(None, True, False, 0, -1, 2**70, 1.5, float('nan'), float('inf'), '', 'x', '\0', '../x'),
    *('/x', '\ud800', 'x' * 9999, [], {}, [[]], [None], {'a': 1}, [1, 'x']),
)
"""Replacement values in JSON."""

CELLS = (
    0,
    -1,
    7,
    2**62,
    1.5,
    float('inf'),
    '',
    'x',
    '\0',
    'video',
    '[' * 9999,
    b'',
    b'x',
    b'y' * 16,
)
"""Replacement values in a database."""


def mutate(data: bytes, kind: str, rng: random.Random) -> bytes:
    """Changes the contents of a file: once in two of five cases, otherwise several times."""
    for _ in range(rng.choice([1, 1, 2, 5, 30])):
        if kind == 'json' and rng.random() < 0.5:
            data = change_json(data, rng)
        elif kind != 'binary' and rng.random() < 0.4:
            word = rng.choice(WORDS).encode('utf-8', 'surrogatepass')
            place = rng.randrange(len(data) + 1)
            stop = place + rng.choice([0, 0, 1, 5])
            data = data[:place] + word + data[stop:]
        else:
            data = change_bytes(data, rng)
    return data


def change_bytes(data: bytes, rng: random.Random) -> bytes:
    first = rng.randrange(len(data) + 1)
    stop = min(len(data), first + rng.choice([1, 1, 4, 40, 400]))
    how = rng.randrange(6)
    if how == 0 and first < len(data):
        changed = bytes([data[first] ^ 1 << rng.randrange(8)])
        return data[:first] + changed + data[first + 1 :]
    if how == 1:
        return data[:first]
    middle = {2: b'', 3: 2 * data[first:stop], 4: bytes(stop - first)}
    return data[:first] + middle.get(how, rng.randbytes(stop - first)) + data[stop:]


def change_json(data: bytes, rng: random.Random) -> bytes:
    """Replaces or deletes a random value of a JSON text, or of one of its lines."""
    lines = [data] if data.startswith(b'{"metainfo"') else data.split(b'\n')
    place = rng.randrange(len(lines))
    try:
        tree = json.loads(lines[place])
        nodes = [tree]
        for node in nodes:
            children = node.values() if isinstance(node, dict) else node
            nodes += [child for child in children if isinstance(child, (dict, list))]
        node = rng.choice([node for node in nodes if node])
        key = rng.choice(list(node)) if isinstance(node, dict) else rng.randrange(len(node))
        if rng.random() < 0.2:
            del node[key]
        else:
            node[key] = rng.choice(PLAIN)
        lines[place] = json.dumps(tree).encode()
    except (ValueError, TypeError, IndexError, RecursionError):
        return data  # no longer JSON
    return b'\n'.join(lines)


def forge(path: Path, rng: random.Random) -> None:
    """Replaces values in a database and updates the checksums to match."""
    with sqlite3.connect(path) as database:
        database.execute('PRAGMA ignore_check_constraints = ON')
        for _ in range(rng.choice([1, 1, 2, 6])):
            table = rng.choice(['facts', 'files', 'tracks', 'tracks'])
            columns = [row[1] for row in database.execute(f'PRAGMA table_info({table})')]
            column = rng.choice([name for name in columns if name not in ('crc', 'id')])
            keys = [key for (key,) in database.execute(f'SELECT rowid FROM {table}')]
            value = rng.choice(CELLS)
            if table == 'facts' and rng.random() < 0.8:
                value = json.dumps(rng.choice(PLAIN))
            query = f'UPDATE OR IGNORE {table} SET {column} = ? WHERE rowid = ?'
            database.execute(query, (value, rng.choice(keys)))
        sign(database)
    database.close()


def sign(database: sqlite3.Connection) -> None:
    """Updates the checksums of changed rows: an attacker can do this, an accident cannot."""
    from avtss_mm.fingerprint.index.tables import checksum  # here: it takes seconds

    total = 0
    columns = dict(facts='name, value', files='id, path, stamp')
    columns['tracks'] = 'id, file, modality, dropped, times'
    for table, names in columns.items():
        for key, *row in database.execute(f'SELECT rowid, {names} FROM {table}').fetchall():
            crc = checksum(table, row)
            database.execute(f'UPDATE {table} SET crc = ? WHERE rowid = ?', (crc, key))
            total += crc if row[0] != 'total' else 0
    row = ('total', json.dumps(total % 2**48))
    crc = checksum('facts', row)
    database.execute('UPDATE facts SET value = ?, crc = ? WHERE name = ?', (row[1], crc, row[0]))
    database.commit()
