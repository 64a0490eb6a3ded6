"""Output for users: progress bars, tables, and lists of skipped files."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Sequence

from ..errors import one_line
from ..files.whole_file import written_whole
from ..workers.progress import bar


def progress_bar(num_files: int, unit: str = 'file') -> Callable[[Iterable, int], Iterable]:
    """Make a progress bar around the results of the remaining files (none without any)."""

    def progress(results, total):
        done = num_files - total
        return bar(results, total=num_files, initial=done, unit=unit, disable=not total)

    return progress


def write_csv(path, header: Sequence[str], rows: Iterable[Sequence]) -> None:
    """Writes a table, completely or not at all; names that are not Unicode are escaped.

    A ``filename`` that a spreadsheet would take for a formula that does something (``=f(x)``)
    becomes ``./=f(x)``; one such as ``-26aVYRtEAc.mp4`` stays as it is.
    """
    with (
        written_whole(path) as draft,
        open(draft, 'w', newline='', encoding='utf-8', errors='backslashreplace') as file,
    ):
        writer = csv.writer(file)
        writer.writerow(header)
        for row in rows:
            cells = zip(header, row)
            writer.writerow([_no_formula(x) if name == 'filename' else x for name, x in cells])


def _no_formula(name: str) -> str:
    is_formula = name.startswith(('=', '+', '-', '@', '\t', '\r')) and set(name) & set('(|!')
    return f'./{name}' if is_formula else name


def format_table(rows: Sequence[Sequence]) -> str:
    """Formats rows below a header; the first column is aligned left, the others right."""
    cells = [[f'{cell:,}' if isinstance(cell, int) else str(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells)]
    lines = []
    for first, *others in cells:
        right = [cell.rjust(width) for cell, width in zip(others, widths[1:])]
        lines.append('   '.join([first.ljust(widths[0]), *right]))
    return '\n'.join(lines)


def markdown_table(header: Sequence[str], rows: Iterable[Sequence], right: bool = False) -> str:
    """Formats a table in Markdown, without a line break at the end.

    Args:
        header (Sequence[str]): Titles of the columns; the first may be empty.
        rows (Iterable[Sequence]): Cells, written as ``str`` writes them.
        right (bool): Whether all columns but the first are aligned to the right.
    """
    rule = ['---', *['--:' if right else '---'] * (len(header) - 1)]
    lines = [' | '.join(map(str, row)) for row in (header, rule, *rows)]
    lines[0] = lines[0].lstrip()
    return '\n'.join(f'| {line} |' for line in lines)


def shorten(names: Sequence[str], limit: int = 8) -> str:
    """Lists the first names and the number of further ones."""
    more = f' and {len(names) - limit:,} more' if len(names) > limit else ''
    return '; '.join(map(one_line, names[:limit])) + more
