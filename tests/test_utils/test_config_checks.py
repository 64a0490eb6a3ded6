"""Mistyped keys and values of wrong types are told before anything is built."""

import pytest
from helpers.commands import ROOT

from avtss_mm.errors import UsageError
from avtss_mm.utils import cli

TOY = str(ROOT / 'configs/demo/avtss_toy.py')


@pytest.mark.parametrize(
    ('option', 'value', 'message'),
    [
        ('modle.x', 1, 'modle.x=1: there is no modle; the nearest is model'),
        ('max_epochs', 3, 'max_epochs=3 would change nothing.* copied to train_cfg.max_epochs'),
        ('model', 5, 'model=5: expected .*Dict'),
        ('model.neck', 5, 'model.neck=5: expected dict'),
        ('model.contrastive_head.temperature', 'abc', "temperature='abc': expected float"),
        ('model.contrastive_head.positive_ranks', (1, 'x'), r'expected tuple\[int, int\]'),
        ('optim_wrapper.optimizer.lr', 'abc', r"optimizer.lr='abc': expected (Union\[)?float"),
        ('train_cfg.max_epochs', 'x', "train_cfg.max_epochs='x': expected int"),
        ('train_cfg.max_epochs.x', 1, 'train_cfg.max_epochs.x: 30 has no x'),
        ('train_dataloader.batch_size', 'x', r"batch_size='x': expected (Optional\[)?int"),
        ('train_dataloader.num_worker', 1, 'num_worker=1: there is no .* nearest is num_workers'),
        ('train_dataloader.dataset.pipeline', 3, 'dataset.pipeline=3: expected .*Sequence'),
        ('randomness.sed', 1, 'randomness.sed=1: there is no such setting; the nearest is seed'),
    ],
)
def test_a_mistake_is_named_with_key_and_value(option, value, message):
    with pytest.raises(UsageError, match=message):
        cli.read_settings(TOY, {option: value})


@pytest.mark.parametrize(
    ('option', 'value'),
    [
        ('load_from', 'a.pth'),
        ('custom_hooks', [dict(type='EMAHook')]),
        ('visualizer.vis_backends', [dict(type='TensorboardVisBackend')]),
        ('default_hooks.ema.type', 'EMAHook'),
        ('model.init_cfg', dict(type='Pretrained', checkpoint='a.pth')),
        ('model.backbone.init_cfg.type', 'Pretrained'),
        ('model.contrastive_head.temperature', 1),
        ('model.pretext_heads.order_aa', None),
        ('optim_wrapper.loss_scale', 'dynamic'),
        ('optim_wrapper.optimizer.betas', [0.8, 0.9]),
        ('find_unused_parameters', True),
        ('train_dataloader.prefetch_factor', 4),
        ('param_scheduler.LinearLR.end', 3),
    ],
)
def test_new_and_other_settings_stay_possible(option, value, capsys):
    cli.read_settings(TOY, {option: value})
    assert not capsys.readouterr().err


@pytest.mark.parametrize(
    ('option', 'warning'),
    [
        ('optim_wrapper.paramwise_cfg.bias_decay_mul', 'is a new key; the nearest is bias_decay'),
        ('mine', 'only code of your own can read mine'),
        ('channels', 'channels is a variable of the config file'),
    ],
)
def test_what_may_have_no_effect_is_said(option, warning, capsys):
    cli.read_settings(TOY, {option: 0})
    assert f'warning: {option}' in (said := capsys.readouterr().err) and warning in said


@pytest.mark.parametrize(
    'config',
    [
        'mmaction::recognition/tsm/tsm_imagenet-pretrained-r50_8xb16-1x1x8-50e_sthv2-rgb.py',
        'mmaction::recognition/i3d/i3d_imagenet-pretrained-r50_8xb8-32x2x1-100e_kinetics400-rgb.py',
        'mmaction::skeleton/posec3d/rgbpose_conv3d/rgbpose_conv3d.py',
        'mmaction::detection/lfb/slowonly-lfb-infer_r50_ava21-rgb.py',
        'mmaction::localization/bsn/bsn_pem_1xb16-400x100-20e_activitynet-feature.py',
        'avtss_mm::peers/nnclr_toy.py',
        'avtss_mm::fingerprint/phash_vggsound.py',
        'avtss_mm::mixed/audio_recognizer_esc50_fold1.py',
        'avtss_mm::finetune/r2plus1d_ucf101_split1.py',
    ],
)
def test_sound_configs_pass(config):
    cli.read_settings(config, None)
