import torch
from mmengine.optim import build_optim_wrapper

import avtss_mm  # noqa: F401  (registers)


def test_convolutions_run_in_bfloat16_and_weights_stay_in_float32():
    torch.manual_seed(0)
    net = torch.nn.Conv2d(3, 4, 3)
    config = dict(type='BFloat16OptimWrapper', optimizer=dict(type='SGD', lr=0.1))
    wrapper = build_optim_wrapper(net, config)
    images, losses = torch.randn(2, 3, 8, 8), []
    for _ in range(5):
        with wrapper.optim_context(net):
            maps = net(images)
            loss = maps.float().pow(2).mean()
        assert maps.dtype == torch.bfloat16
        wrapper.update_params(loss)
        losses.append(loss.item())
    assert net.weight.dtype == torch.float32
    assert net(images).dtype == torch.float32  # outside of the context
    assert losses == sorted(losses, reverse=True) and losses[-1] < 0.7 * losses[0]
