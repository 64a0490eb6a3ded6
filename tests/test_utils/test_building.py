"""What a config cannot be built of is one line; a bug keeps its traceback."""

import pytest
from mmaction.registry import MODELS
from mmengine.config import Config

from avtss_mm.errors import UsageError
from avtss_mm.utils.building import building_errors


def build(**backbone):
    cfg = Config(dict(model=dict(type='AVEncoder', audio_backbone=backbone)))
    with building_errors(cfg):
        MODELS.build(cfg.model)


@pytest.mark.parametrize(
    ('backbone', 'message'),
    [
        (
            dict(type='SpectrogramResNet', depth=7),
            r"^model.audio_backbone \(type='SpectrogramResNet', depth=7\): depth must be one of "
            r'\[10, 18\], got 7 \(ValueError, spectrogram_resnet.py:\d+\)$',
        ),
        (dict(type='SpectrogramResNet', dept=10), "argument 'dept'; the nearest is depth"),
        (dict(type='SpectrogramRestNet'), 'registry; the nearest is SpectrogramResNet$'),
        (dict(depth=10), '^model.audio_backbone has no type$'),
    ],
)
def test_the_part_its_settings_and_the_reason(backbone, message):
    with pytest.raises(UsageError, match=message):
        build(**backbone)


def test_the_suggestion_of_a_new_python_is_not_said_twice():
    def refusing(**_):
        raise TypeError("refusing() got an unexpected keyword argument 'x'. Did you mean 'y'?")

    with pytest.raises(UsageError, match=r"argument 'x' \(TypeError"):
        build(type=refusing, x=1)


def test_what_is_not_installed_is_named():
    def needing():
        raise ImportError('the program fpcalc is not installed')

    with pytest.raises(UsageError, match='^model.audio_backbone .*: the program fpcalc is not'):
        build(type=needing)


def broken():
    return [].nothing


@pytest.mark.parametrize('backbone', [dict(type=broken)])
def test_a_bug_keeps_its_traceback(backbone):
    with pytest.raises(AttributeError, match='nothing'):
        build(**backbone)


def test_errors_after_building_stay():
    with pytest.raises(ValueError, match='^later$'), building_errors(Config()):
        raise ValueError('later')
