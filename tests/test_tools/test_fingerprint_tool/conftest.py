"""Media, a network with random weights, an index of the media, and the command as a function."""

from __future__ import annotations

import pytest
from helpers.distinct_media import write_distinct
from helpers.made_index import make_index
from helpers.small_encoder import write_model

from avtss_mm.fingerprint.cli import main


@pytest.fixture(scope='module')
def model(tmp_path_factory):
    return write_model(tmp_path_factory.mktemp('model'))


@pytest.fixture(scope='module')
def media(tmp_path_factory):
    """A folder of five videos, a partial copy of one, one without sound, and a broken one."""
    root = tmp_path_factory.mktemp('my media')
    for seed in range(4):
        write_distinct(root / f'{seed}.mp4', seed, end=12)
    write_distinct(root / 'sub dir/4 mute.mp4', 4, end=10, sound=False)
    webm = dict(video_codec='libvpx-vp9', audio_codec='libopus')
    write_distinct(root / 'copy of 1.webm', 1, 2, 11, **webm)
    (root / 'broken.mp4').write_text('nothing')
    return root


@pytest.fixture(scope='module')
def index(tmp_path_factory, media, model):
    """An index of the media; tests must not change it."""
    return make_index(tmp_path_factory.mktemp('index') / 'INDEX', media, model)


@pytest.fixture
def avtss_fp(capsys):
    """``avtss_fp(*arguments)``: runs the command; returns its exit status and output."""

    def run(*arguments):
        capsys.readouterr()
        try:
            main([str(argument) for argument in arguments])
            status = 0
        except SystemExit as end:
            status = end.code
        return status, *capsys.readouterr()

    return run
