"""A few hundred damaged and forged files per parser; the tool itself tests many more."""

import json

import pytest
from helpers.commands import ROOT, tool

pytestmark = pytest.mark.slow


def test_nothing_crashes_and_nothing_runs(tmp_path):
    printed = tool('faults/parser_fuzz.py', '--out', tmp_path, '--inputs', 25, '--seed', 7)
    report = json.loads((tmp_path / 'parser_fuzz.json').read_text())
    assert report['code_was_run'] is False and 'never run' in printed.stdout
    assert len(report['parsers']) == 18
    for name, counts in report['parsers'].items():
        assert counts['accepted'] + counts['refused'] == 25, name
        assert counts['refused'] or name in ('cache of probes', 'log of features'), name
    assert (tmp_path / 'parser_fuzz.md').read_text().count('\n') == 2 + 18 + 1


def test_a_parser_that_crashes_is_reported(tmp_path, monkeypatch):
    script = tmp_path / 'script.py'
    script.write_text(
        'import os, sys, time\n'
        'import fuzz_targets, parser_fuzz\n'
        'def bad(folder):\n'
        '    text = (folder / "list.txt").read_bytes()\n'
        '    if b"3\\n" not in text: os._exit(5)\n'
        '    if b"label" not in text: raise KeyError(text)\n'
        'good = fuzz_targets.TARGETS["annotation list"]\n'
        'fuzz_targets.TARGETS["annotation list"] = good._replace(read=bad)\n'
        'parser_fuzz.main()\n'
    )
    monkeypatch.setenv('PYTHONPATH', str(ROOT / 'tools/faults'))
    out = tmp_path / 'out'
    options = ['--out', out, '--inputs', 40, '--only', 'annotation list']
    assert tool(script, *options, check=False).returncode == 1
    counts = json.loads((out / 'parser_fuzz.json').read_text())['parsers']['annotation list']
    assert sum(counts.values()) == 40 and counts['crashed'] == len(
        list((out / 'crashes').iterdir())
    )
    texts = [path.read_text() for path in out.glob('crashes/*/TRACEBACK')]
    assert any('KeyError' in text for text in texts)
    assert any('process ended with status' in text for text in texts)
