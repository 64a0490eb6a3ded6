"""The layers: lower ones never import higher ones, and there are no import cycles."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1] / 'avtss_mm'
LAYERS = [  # each imports from those above it in this list, never from below
    'errors',
    'files workers models',
    'media checkpoints',
    'compat utils',
    'visualization',
    'datasets evaluation engine',
    'apis preparation',
    'fingerprint',
    'study',
]
APART = ('models', 'datasets', 'evaluation', 'engine', 'toy')
"""Rooms that meet in configs, through the registries, and never import each other."""
WINGS = {  # of a room: which of its wings each of them may import
    'fingerprint': dict(
        matching='',
        index='matching',
        benchmark='matching distortion',  # its table has the lines of the suite
        distortion='',
        page='',
    ),
    'study': dict(measures='', report=''),
}
TOP = ('__init__', 'moved', 'registering', 'registry', 'version')
"""Modules that stand above the rooms."""


def module_of(path: Path) -> tuple[str, ...]:
    parts = path.relative_to(ROOT).with_suffix('').parts
    return parts[:-1] if parts[-1] == '__init__' and len(parts) > 1 else parts


MODULES = {module_of(path): path for path in ROOT.rglob('*.py') if '.mim' not in path.parts}


def imports_of(module: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Modules of this package that a module imports, anywhere in its code."""
    path = MODULES[module]
    package = path.parent.relative_to(ROOT).parts
    for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
        names = []
        if isinstance(node, ast.ImportFrom):
            start = package[: len(package) - node.level + 1] if node.level else ()
            stem = (*start, *(node.module or '').split('.')) if node.module else start
            names = [(*stem, alias.name) for alias in node.names] if node.level else []
            if not node.level and stem[0] == 'avtss_mm':
                names = [(*stem[1:], alias.name) for alias in node.names]
        elif isinstance(node, ast.Import):
            dotted = [alias.name.split('.') for alias in node.names]
            names = [tuple(parts[1:]) for parts in dotted if parts[0] == 'avtss_mm']
        for name in names:
            target = name if name in MODULES else name[:-1]
            if target and target != module:
                yield target


EDGES = {module: set(imports_of(module)) for module in MODULES}
RANK = {room: rank for rank, rooms in enumerate(LAYERS) for room in rooms.split()}


def test_every_room_has_a_layer():
    assert {module[0] for module in MODULES} - set(TOP) == {*RANK, 'toy'}


@pytest.mark.parametrize('room', [*RANK, 'toy'])
def test_no_room_imports_a_higher_one(room):
    for module, targets in EDGES.items():
        if module[0] != room:
            continue
        for target in targets - {(name,) for name in TOP}:
            if target[0] == room:
                continue
            name = f'{".".join(module)} -> {".".join(target)}'
            assert RANK.get(target[0], 99) <= RANK.get(room, -1), f'upwards: {name}'
            assert room not in APART or target[0] not in APART, f'apart: {name}'


def test_no_room_imports_its_equal_both_ways():
    pairs = {(a[0], b[0]) for a, targets in EDGES.items() for b in targets if a[0] != b[0]}
    assert not [pair for pair in pairs if pair[::-1] in pairs]


@pytest.mark.parametrize('room', WINGS)
def test_wings_import_only_what_they_may(room):
    for module, targets in EDGES.items():
        if module[0] != room or len(module) < 2 or module[1] not in WINGS[room]:
            continue
        allowed = {module[1], *WINGS[room][module[1]].split()}
        for target in targets:
            if target[0] == room and len(target) > 1 and target[1] in WINGS[room]:
                assert target[1] in allowed, f'{".".join(module)} -> {".".join(target)}'


def test_there_is_no_circle():
    TopologicalSorter(EDGES).prepare()  # raises CycleError, which names the modules


def rooms_text() -> str:
    """Every room with its lines, and the rooms that it imports."""
    lines = []
    for room in sorted({module[0] for module in MODULES}, key=lambda name: RANK.get(name, 99)):
        inside = [module for module in MODULES if module[0] == room]
        count = sum(len(MODULES[module].read_text().splitlines()) for module in inside)
        targets = {target[0] for module in inside for target in EDGES[module]} - {room}
        lines.append(f'{room:14} {count:6,} lines <- {" ".join(sorted(targets)) or "nothing"}')
    return '\n'.join(lines)


if __name__ == '__main__':  # python tests/test_layering.py
    print(rooms_text())
