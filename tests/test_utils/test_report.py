"""Tables for spreadsheets, programs and pages."""

import csv

import pytest

from avtss_mm.utils.report import markdown_table, write_csv


@pytest.mark.parametrize(
    'name', ["=cmd|'/C calc'!A0.mp4", '+a(1).mp4', '-b(1).mp4', '@SUM(c).mp4', '\td!.mp4']
)
def test_no_name_is_a_formula_and_each_is_still_the_file(tmp_path, name):
    (tmp_path / name.replace('/', '_')).touch()
    name = name.replace('/', '_')
    write_csv(tmp_path / 'rejects.csv', ['filename', 'reason'], [(name, 'empty, file'), ('e', '-')])
    with open(tmp_path / 'rejects.csv', newline='', encoding='utf-8') as file:
        header, first, second = csv.reader(file)
    assert first == [f'./{name}', 'empty, file'] and second == ['e', '-']
    assert (tmp_path / first[0]).samefile(tmp_path / name)
    assert header == ['filename', 'reason']


@pytest.mark.parametrize('name', ['-26aVYRtEAc_000030.mp4', '=a.mp4', '+b.mp4', '@c.mp4'])
def test_a_name_that_computes_nothing_stays_as_it_is(tmp_path, name):
    write_csv(tmp_path / 'rejects.csv', ['filename'], [(name,)])
    assert (tmp_path / 'rejects.csv').read_text(encoding='utf-8').split() == ['filename', name]


def test_a_table_in_markdown():
    rows = [['a', 1, ''], ['b', 2.5, None]]
    assert markdown_table(['', 'x', 'y'], rows) == (
        '| | x | y |\n| --- | --- | --- |\n| a | 1 |  |\n| b | 2.5 | None |'
    )
    assert markdown_table(['n', 'x'], [], right=True) == '| n | x |\n| --- | --: |'
