"""Every public command that takes a checkpoint refuses one that would run code, in one line."""

import runpy
import sys

import pytest
from helpers.commands import ROOT
from helpers.hostile import write_checkpoint, write_pickle
from helpers.small_encoder import write_model
from test_train_test_cli import TOY

pytestmark = pytest.mark.slow

COMMANDS = {
    'train --resume': ['train.py', 'toy.py', '--resume', 'evil.pth'],
    'train, last checkpoint': ['train.py', 'toy.py', '--work-dir', 'work', '--resume'],
    'train, load_from': ['train.py', 'toy.py', '--cfg-options', 'load_from=evil.pth'],
    'test': ['test.py', 'toy.py', 'evil.pth'],
    'extract_features': ['extract_features.py', 'small.py', 'evil.pth', 'list.txt', '-o', 'o.npz'],
    'evaluate_all': ['evaluate_all.py', 'evil.pth', '--data-root', '.'],
    'export_backbone': ['export_backbone.py', 'evil.pth', '--to', 'mmaction'],
    'import_weights': ['import_weights.py', 'evil.pth', '-o', 'out.pth'],
    'fingerprint index': ['fingerprint.py', 'index', '.', '-o', 'i', '--checkpoint', 'evil.pth'],
}
READS_CONFIG = ('evaluate_all', 'export_backbone', 'fingerprint index')
"""Those that build what the config in the checkpoint says."""


@pytest.fixture
def marker(tmp_path, monkeypatch):
    """A file that only an attacker's code creates, in a folder with what the commands need."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'toy.py').write_text(TOY)
    write_model(tmp_path)
    (tmp_path / 'list.txt').write_text('a.mp4')
    (tmp_path / 'work').mkdir()
    (tmp_path / 'work/last_checkpoint').write_text(str(tmp_path / 'evil.pth'))
    return tmp_path / 'marker'


@pytest.fixture
def last_words(monkeypatch, capsys):
    """``last_words(arguments)``: runs a command that must fail; returns its last line."""

    def run(arguments) -> str:
        monkeypatch.setattr(sys, 'argv', arguments)
        with pytest.raises(SystemExit) as stop:
            runpy.run_path(str(ROOT / 'tools' / arguments[0]), run_name='__main__')
        if isinstance(stop.value.code, str):
            return stop.value.code
        assert stop.value.code in (1, 2)
        return capsys.readouterr().err.strip().splitlines()[-1]

    return run


@pytest.mark.parametrize('name', COMMANDS)
def test_a_pickle_is_refused(marker, last_words, name):
    write_pickle(marker.with_name('evil.pth'), marker)
    text = last_words(COMMANDS[name])
    assert text.startswith('error: ') and 'evil.pth' in text and '\n' not in text
    assert not marker.exists()


@pytest.mark.parametrize('name', READS_CONFIG)
def test_a_config_that_calls_is_refused(marker, last_words, name):
    call = f"dict(type='os.system', command='touch {marker}')"
    write_checkpoint(marker.with_name('evil.pth'), f'model = dict(backbone={call})')
    text = last_words(COMMANDS[name])
    assert text.startswith('error: ') and 'evil.pth: its config has type=' in text
    assert not marker.exists()
