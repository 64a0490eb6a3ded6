import pytest
import torch
from mmengine.utils import digit_version
from torchvision.models.video import r2plus1d_18

from avtss_mm.models import AVIDR2Plus1D, R2Plus1D, SpectrogramResNet


def pooled(features):
    return features.flatten(2).mean(dim=2)


@pytest.mark.slow
def test_r2plus1d_takes_torchvision_weights():
    torch.manual_seed(0)
    theirs, ours = r2plus1d_18(weights=None).eval(), R2Plus1D().eval()
    for module in theirs.modules():  # statistics that matter
        if isinstance(module, torch.nn.BatchNorm3d):
            module.running_mean.normal_(std=0.1)
            module.running_var.uniform_(0.5, 2)
    weights = {k: v for k, v in theirs.state_dict().items() if not k.startswith('fc.')}
    ours.load_state_dict(weights, strict=True)
    theirs.fc = torch.nn.Identity()
    clips = torch.randn(2, 3, 16, 112, 112)
    with torch.no_grad():
        expected, got = theirs(clips), ours(clips)
    assert got.shape == (2, 512, 2, 7, 7)
    assert (pooled(got) - expected).abs().max() < 1e-4 * expected.abs().max()


def test_torchvision_takes_r2plus1d_weights():
    torch.manual_seed(1)
    ours, theirs = R2Plus1D().eval(), r2plus1d_18(weights=None).eval()
    ours.init_weights()
    missing, unexpected = theirs.load_state_dict(ours.state_dict(), strict=False)
    assert missing == ['fc.weight', 'fc.bias'] and not unexpected
    theirs.fc = torch.nn.Identity()
    clips = torch.randn(1, 3, 8, 64, 64)
    with torch.no_grad():
        expected, got = pooled(ours(clips)), theirs(clips)
    assert (got - expected).abs().max() < 1e-4 * expected.abs().max()


@pytest.mark.parametrize('depth', [10, 18])
def test_spectrogram_resnet_shapes(depth):
    net = SpectrogramResNet(depth=depth, base_channels=8)
    assert net(torch.randn(2, 1, 100, 80)).shape == (2, net.out_channels, 4, 3)
    convolutions = [m for m in net.modules() if isinstance(m, torch.nn.Conv2d)]
    assert len([c for c in convolutions if c.kernel_size != (1, 1)]) == depth - 1


def test_spectrogram_resnet_refuses_unknown_depth():
    with pytest.raises(ValueError, match='10, 18'):
        SpectrogramResNet(depth=34)


@pytest.mark.parametrize('frozen_stages', [-1, 0, 2, 3])
def test_frozen_stages_do_not_move(frozen_stages):
    net = R2Plus1D(stage_blocks=(1, 1, 1, 1), base_channels=4, frozen_stages=frozen_stages)
    before = {k: v.clone() for k, v in net.state_dict().items()}
    net.train()
    net(torch.randn(2, 3, 8, 32, 32)).sum().backward()
    torch.optim.SGD([p for p in net.parameters() if p.requires_grad], 1).step()
    moved = {k.split('.')[0] for k, v in net.state_dict().items() if not v.equal(before[k])}
    names = ['stem', 'layer1', 'layer2', 'layer3', 'layer4']
    assert moved == set(names[frozen_stages + 1 :])


def test_norm_eval_keeps_statistics_of_a_trainable_net():
    net = SpectrogramResNet(depth=10, base_channels=4, norm_eval=True).train()
    before = net.stem[1].running_mean.clone()
    net(torch.randn(4, 1, 40, 32))
    assert net.stem[1].running_mean.equal(before)
    assert net.stem[0].weight.requires_grad


def build_small(kind, **options):
    torch.manual_seed(0)
    layers = dict(depth=10) if kind is SpectrogramResNet else dict(stage_blocks=(1, 2, 1, 1))
    net = kind(**layers, base_channels=4, **options)
    net.init_weights()
    return net.train()


def small_input(kind):
    size = (4, 1, 40, 32) if kind is SpectrogramResNet else (4, 3, 8, 32, 32)
    return torch.randn(size, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize('kind', [R2Plus1D, AVIDR2Plus1D, SpectrogramResNet])
@pytest.mark.parametrize('frozen', [{}, dict(frozen_stages=1), dict(norm_eval=True)])
def test_with_cp_changes_no_number(kind, frozen):
    results = []
    for with_cp in (False, True):
        net = build_small(kind, **frozen, with_cp=with_cp)
        optimizer = torch.optim.SGD([p for p in net.parameters() if p.requires_grad], 0.1)
        x = small_input(kind)
        for _ in range(2):
            out = net(x)
            optimizer.zero_grad()
            out.pow(2).mean().backward()
            optimizer.step()
        gradients = [p.grad for p in net.parameters() if p.grad is not None]
        results.append([out, torch.rand(3), *gradients, *net.state_dict().values()])
    assert len(results[0]) > 20
    assert all(mine.equal(other) for mine, other in zip(*results, strict=True))


@pytest.mark.parametrize('kind', [R2Plus1D, AVIDR2Plus1D, SpectrogramResNet])
def test_with_cp_keeps_only_inputs_of_blocks_for_the_backward_pass(kind):
    kept, runs = [], []
    net, x = build_small(kind, with_cp=True), small_input(kind)
    num_blocks = sum(len(stage) for stage in list(net.children())[1:])
    net.layer2[0].register_forward_pre_hook(lambda *_: runs.append(torch.is_grad_enabled()))
    with torch.autograd.graph.saved_tensors_hooks(lambda t: kept.append(t) or t, lambda t: t):
        out = net(x)
    kept = [tensor for tensor in kept if tensor.numel()]  # torch 2.6 keeps empty ones, too
    assert len(kept) == 1 + num_blocks and kept[0] is x and runs == [True]
    out.sum().backward()
    assert runs == [True, True]
    with torch.no_grad():  # nothing to keep, so nothing is computed again
        assert net(x).equal(out) and len(runs) == 3


@pytest.mark.skipif(
    digit_version(torch.__version__) < digit_version('2.14'),
    reason='torch 2.6, compiled, updates statistics again; 2.14 does not',
)
def test_with_cp_is_compiled_in_one_graph():
    results = []
    for compiled in (False, True):
        torch.manual_seed(0)
        net = R2Plus1D(stage_blocks=(1, 1), base_channels=4, with_cp=True)
        if compiled:
            net.compile(fullgraph=True, dynamic=False, backend='aot_eager')
        for _ in range(2):
            net(small_input(R2Plus1D)).pow(2).mean().backward()
        results.append([*(p.grad for p in net.parameters()), *net.buffers()])
    assert all(mine.equal(other) for mine, other in zip(*results, strict=True))


def test_mmaction_backbone_in_its_place(make_recognizer, make_batch):
    backbone = dict(type='ResNet2Plus1d', depth=18, pretrained=None, pretrained2d=False)
    backbone.update(base_channels=4, conv_cfg=dict(type='Conv2plus1d'), norm_eval=False)
    backbone.update(conv1_kernel=(3, 7, 7), conv1_stride_t=1, pool1_stride_t=1)
    backbone.update(inflate=(1, 1, 1, 1), spatial_strides=(1, 2, 2, 2))
    backbone.update(temporal_strides=(1, 2, 2, 2), zero_init_residual=False)
    model = make_recognizer(backbone=backbone)
    inputs, samples = make_batch(4)
    losses = model(inputs, samples, mode='loss')
    model.parse_losses(losses)[0].backward()
    assert all(p.grad is not None for p in model.backbone.parameters())
