"""Every way in which mmengine loads weights, through its own entry points."""

import logging

import pytest
import torch
from helpers.toy_run import ToyModel, build_runner
from mmaction.registry import MODELS
from mmengine.logging import MMLogger
from mmengine.registry import init_default_scope
from mmengine.runner import load_checkpoint, load_state_dict
from mmengine.runner.checkpoint import _load_checkpoint_with_prefix

from avtss_mm.errors import WeightsError
from avtss_mm.utils.cli import user_errors

BACKBONE = dict(type='R2Plus1D', stage_blocks=(1, 1, 1, 1), base_channels=4)
RECOGNIZER = dict(
    type='Recognizer3D',
    backbone=BACKBONE,
    cls_head=dict(type='I3DHead', num_classes=3, in_channels=32),
)


class Listener(logging.Handler):
    def __init__(self):
        super().__init__()
        self.entries = []

    def emit(self, record):
        if record.getMessage().startswith('loaded '):
            self.entries.append(record.getMessage())


@pytest.fixture
def log(request):
    """``log()``: the single entry logged since the last call, or nothing."""
    init_default_scope('mmaction')
    listener = Listener()
    MMLogger.get_instance(request.node.name).handlers = [listener]

    def read() -> str:
        entries, listener.entries = listener.entries, []
        assert len(entries) < 2
        return ''.join(entries)

    return read


@pytest.fixture
def model(log):
    return MODELS.build(RECOGNIZER)


def saved(path, state_dict, bare=False, prefix='') -> str:
    state_dict = {prefix + name: tensor for name, tensor in state_dict.items()}
    torch.save(state_dict if bare else dict(state_dict=state_dict), path)
    return str(path)


def part(model, *starts) -> dict:
    return {k: v for k, v in model.state_dict().items() if k.startswith(starts)}


@pytest.mark.parametrize('bare', [False, True])
@pytest.mark.parametrize('prefix', ['', 'module.'])
@pytest.mark.parametrize('wrapped', [False, True])
def test_all_loaded_is_one_line(tmp_path, model, log, bare, prefix, wrapped):
    path = saved(tmp_path / 'all.pth', model.state_dict(), bare, prefix)
    twin = MODELS.build(RECOGNIZER)
    load_checkpoint(torch.nn.DataParallel(twin) if wrapped else twin, path)
    assert log() == 'loaded 107 of 107 tensors of Recognizer3D'
    for name, tensor in twin.state_dict().items():
        assert tensor.equal(model.state_dict()[name])


def test_what_is_not_loaded_is_summed_up(tmp_path, model, log):
    weights = part(model, 'backbone.stem', 'backbone.layer1', 'cls_head')
    weights['cls_head.fc_cls.weight'] = torch.ones(7, 32)
    weights.update({f'neck.{i}.weight': torch.ones(2) for i in range(3)}, queue=torch.ones(1))
    load_checkpoint(model, saved(tmp_path / 'some.pth', weights))
    first, *others = log().splitlines()
    assert first == 'loaded 31 of 107 tensors of Recognizer3D: backbone 30 of 105, cls_head 1 of 2'
    assert others == [
        '  not in the file: 75 of backbone (backbone.layer2.0.conv1.0.0.weight, ...)',
        '  wrong shape: cls_head.fc_cls.weight is (7, 32) in the file, (3, 32) in the model',
        '  not used of the file: neck (3), queue (1)',
    ]
    assert model.cls_head.fc_cls.weight.shape == (3, 32)


def test_few_names_are_written_out(tmp_path, model, log):
    path = saved(tmp_path / 'video.pth', part(model, 'backbone.'))
    for _ in range(2):  # every load, not only the first
        load_checkpoint(model, path)
        lines = log().splitlines()
        assert lines[1:] == ['  not in the file: cls_head.fc_cls.weight, cls_head.fc_cls.bias']


def test_strict_is_still_strict(tmp_path, model, log):
    path = saved(tmp_path / 'video.pth', part(model, 'backbone.'))
    with pytest.raises(RuntimeError, match='missing keys.*cls_head.fc_cls.weight'):
        load_checkpoint(model, path, strict=True)
    assert not log()
    load_state_dict(model, model.state_dict(), strict=True)
    assert log() == 'loaded 107 of 107 tensors of Recognizer3D'


@pytest.mark.parametrize('module', ['', 'module.'])
def test_pretrained_part(tmp_path, model, log, module):
    path = saved(tmp_path / 'all.pth', model.state_dict(), prefix=module)
    init_cfg = dict(type='Pretrained', checkpoint=path, prefix='backbone.')
    backbone = MODELS.build(dict(BACKBONE, init_cfg=init_cfg))
    backbone.init_weights()
    assert log() == 'loaded 105 of 105 tensors of R2Plus1D'
    assert backbone.layer4[0].conv1[0][0].weight.equal(model.backbone.layer4[0].conv1[0][0].weight)


@pytest.mark.parametrize(
    ('prefix', 'message'),
    [
        (
            None,
            r'^R2Plus1D: no tensor was loaded \(0 of 105\)\. The file has backbone \(105\), cls',
        ),
        (
            'encoder.',
            r'all\.pth has nothing under prefix=.encoder\.., it has backbone \(105\), cls',
        ),
    ],
)
def test_empty_backbone_stops_pretrained_init(tmp_path, model, prefix, message):
    path = saved(tmp_path / 'all.pth', model.state_dict())
    init_cfg = dict(type='Pretrained', checkpoint=path, prefix=prefix)
    backbone = MODELS.build(dict(BACKBONE, init_cfg=init_cfg))
    with pytest.raises(WeightsError, match=message) as stop:
        backbone.init_weights()
    assert "prefix='NAME.'" in str(stop.value) and 'import_weights.py' in str(stop.value)


def test_absent_prefix_is_the_error_of_mmengine_too(tmp_path, model):
    path = saved(tmp_path / 'all.pth', model.state_dict())
    for kind in (AssertionError, WeightsError):  # what mmengine's users catch, and ours
        with pytest.raises(kind, match='nothing under prefix'):
            _load_checkpoint_with_prefix('encoder.', path)


def test_model_with_a_plain_dict_of_hooks(model, log):
    model._load_state_dict_post_hooks = {0: lambda _, keys: keys.missing_keys.clear()}
    state_dict = part(model, 'backbone')
    load_state_dict(model, state_dict)
    assert log() == 'loaded 107 of 107 tensors of Recognizer3D'
    assert list(model._load_state_dict_post_hooks) == [0]


def test_empty_encoder_stops_although_the_rest_fits(tmp_path, log):
    config = dict(
        type='AVEncoder',
        backbone=BACKBONE,
        audio_backbone=dict(type='SpectrogramResNet', depth=10, base_channels=4),
    )
    model = MODELS.build(config)
    for name in ('backbone', 'audio_backbone'):
        path = saved(tmp_path / f'{name}.pth', part(model, f'{name}.'))
        other = 'audio_backbone' if name == 'backbone' else 'backbone'
        with pytest.raises(WeightsError, match=f'^{other} of AVEncoder: .* has {name} '):
            load_checkpoint(model, path)
    load_checkpoint(MODELS.build(dict(config, backbone=None)), path)  # has no use for a backbone
    assert log().endswith(' tensors of AVEncoder')


def test_network_of_another_size_stops(tmp_path, model):
    config = dict(RECOGNIZER, backbone=dict(BACKBONE, base_channels=8))
    config['cls_head'] = dict(RECOGNIZER['cls_head'], in_channels=64)
    with pytest.raises(WeightsError, match='another size: backbone.stem.0.weight is .2, 3, 1, 7'):
        load_checkpoint(MODELS.build(config), saved(tmp_path / 'all.pth', model.state_dict()))


def test_container_that_mmengine_does_not_know(tmp_path, model):
    torch.save(dict(model=model.state_dict(), epoch=3), tmp_path / 'theirs.pth')
    with pytest.raises(WeightsError, match=r'The file has model \(1\), epoch \(1\)'):
        load_checkpoint(model, str(tmp_path / 'theirs.pth'))


def test_runner_reports_start_and_resume(tmp_path, capsys):
    path = saved(tmp_path / 'toy.pth', ToyModel().state_dict())
    build_runner(tmp_path, 1, 'starts', load_from=path).train()
    assert 'loaded 6 of 6 tensors of ToyModel' in capsys.readouterr().out
    build_runner(tmp_path, 2, 'resumes', resume=True).train()
    assert 'loaded 6 of 6 tensors of ToyModel' in capsys.readouterr().out
    torch.save(dict(state_dict=dict(other=torch.ones(1))), path)
    with pytest.raises(SystemExit, match='^error: ToyModel: no tensor'), user_errors():
        build_runner(tmp_path, 1, 'stops', load_from=path).train()


def test_mmaction_modules_use_the_same_functions():
    from mmaction.models.backbones import mvit, timesformer
    from mmengine.runner import checkpoint

    assert timesformer.load_state_dict is checkpoint.load_state_dict is load_state_dict
    assert mvit._load_checkpoint_with_prefix is checkpoint._load_checkpoint_with_prefix
