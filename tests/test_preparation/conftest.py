"""Small data sets in their official layouts, from a few shared files."""

import json
import runpy
import shutil
import sys
import wave
from pathlib import Path

import numpy as np
import pytest

TOOLS = Path(__file__).parents[2] / 'tools/data'


def write_wav(path, sound):
    with wave.open(str(path), 'wb') as file:
        file.setnchannels(1), file.setsampwidth(2), file.setframerate(16000)
        file.writeframes((sound * 32767).astype('<i2').tobytes())


@pytest.fixture(scope='session')
def samples(tmp_path_factory, make_video):
    """Sample files by kind."""
    folder = tmp_path_factory.mktemp('samples')
    small = dict(duration=1, fps=10, size=(48, 64))
    make_video(folder / 'sound.avi', **small)
    make_video(folder / 'sound.mp4', **small)
    make_video(folder / 'mute.mp4', audio=None, **small)
    (folder / 'broken.mp4').write_text('nothing')
    time = np.arange(5 * 16000) / 16000
    tone = 0.5 * np.sin(2000 * time)
    write_wav(folder / 'sound.wav', tone)
    write_wav(folder / 'silence.wav', 0 * tone)
    # between the stretches that the probe would hear of a longer file
    write_wav(folder / 'click.wav', np.where((time > 1.1) & (time < 1.2), tone, 0))
    return {path.name: path for path in folder.iterdir()}


@pytest.fixture(scope='session')
def lay_out(samples):
    """``lay_out(root, files={name: sample}, lists={name: text})``; returns the root."""

    def make(root, files=(), lists=()):
        for name, sample in dict(files).items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(samples[sample], root / name)
        for name, text in dict(lists).items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_bytes(text.encode())
        return root

    return make


@pytest.fixture
def run_tool(monkeypatch, capsys):
    """``run_tool('prepare_ucf101', root, ...)`` as a user runs it; returns its output."""

    def run(name, *arguments):
        path = str(TOOLS / f'{name}.py')
        monkeypatch.setattr(sys, 'argv', [path, *map(str, arguments)])
        runpy.run_path(path, run_name='__main__')
        return capsys.readouterr().out

    return run


@pytest.fixture(scope='session')
def read_split():
    """``read_split(root, split)``: classes, and the rows as ``(filename, class, group)``."""

    def read(root, split):
        manifest = json.loads((root / f'{split}.json').read_text())
        classes = manifest['metainfo']['classes']
        rows = manifest['data_list']
        return classes, [
            (row['filename'], classes[row['label']] if 'label' in row else None, row['group'])
            for row in rows
        ]

    return read


@pytest.fixture(scope='session')
def lines():
    """``lines(text, ...)``: lines with the line ends of Windows, like most official lists."""
    return lambda *texts: '\r\n'.join([*texts, ''])
