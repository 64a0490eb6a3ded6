"""Rows of gpu.py about single training steps; each yields what, value and unit."""

from __future__ import annotations

import gc
import shutil
import statistics
import subprocess
import time
from collections.abc import Iterator
from functools import partial

import torch
import torch.distributed as dist
from measuring import compare, in_turn
from measuring import memory as process_memory
from mmengine.device import get_device
from mmengine.model import MMDistributedDataParallel
from torch.nn.modules._functions import SyncBatchNorm
from training_step import CONFIGS, PAPER
from training_step_runs import BASE, Step, finish

Lines = Iterator[tuple[str, object, str]]
TINY = CONFIGS / 'demo/avtss_tiny.py'
FP16 = {'optim_wrapper.type': 'AmpOptimWrapper', 'optim_wrapper.loss_scale': 'dynamic'}


def build(setting, batch: int | None = None, **options) -> Step:
    """Builds a step, in half precision on a GPU; ``options`` go to :class:`Step`."""
    torch.backends.cudnn.benchmark = True  # as in the configs
    config, usual = (TINY, 4) if setting.small else (PAPER, 32)
    changes = {**(FP16 if get_device() == 'cuda' else {}), **options.pop('changes', {})}
    return Step(config, batch or usual, changes=changes, **options)


def machine(setting) -> Lines:
    """The card and the software that runs on it."""
    yield 'torch', torch.__version__, ''
    if get_device() != 'cuda':
        return
    card = torch.cuda.get_device_properties(0)
    yield 'card', card.name, ''
    yield 'compute capability', f'{card.major}.{card.minor}', ''
    free, total = torch.cuda.mem_get_info()
    yield 'memory', total / 2**30, 'GiB'
    yield 'memory taken before torch needs any', (total - free) / 2**30, 'GiB'
    yield 'CUDA', torch.version.cuda, ''
    yield 'cuDNN', str(torch.backends.cudnn.version()), ''
    yield 'NCCL', '.'.join(map(str, torch.cuda.nccl.version())), ''
    if shutil.which('nvidia-smi'):
        command = ['nvidia-smi', '--query-gpu=driver_version', '--format=csv,noheader', '--id=0']
        yield 'driver', subprocess.check_output(command, text=True).strip(), ''


def losses_of(step: Step, dtype: torch.dtype | None = None) -> dict[str, float]:
    """Losses of a batch, in float32 or with autocast."""
    torch.manual_seed(0)
    with torch.autocast(get_device(), dtype, enabled=dtype is not None):
        losses = step.model(**step.prepare(), mode='loss')
    return {name: loss.item() for name, loss in losses.items() if 'loss' in name}


def differences(mine: dict[str, float], other: dict[str, float]) -> Lines:
    """The sums of losses, and the loss that differs most."""
    yield 'sum of losses', sum(mine.values()), ''
    relative = {name: abs(mine[name] - loss) / max(abs(loss), 1e-9) for name, loss in other.items()}
    worst = max(relative, key=relative.get)
    yield f'largest difference, {worst}', 100 * relative[worst], '%'


def half(setting, dtype: torch.dtype) -> Lines:
    plain = losses_of(build(setting))
    yield 'sum of losses in float32 (TF32 in convolutions)', sum(plain.values()), ''
    yield from differences(losses_of(build(setting), dtype), plain)


def fp16(setting) -> Lines:
    """Losses with autocast to float16, and the scale of the loss after some steps."""
    yield from half(setting, torch.float16)
    step = build(setting)
    for _ in range(10):
        step.whole()
    yield 'scale of the loss after 10 steps', step.optimizer.loss_scaler.get_scale(), ''


def bf16(setting) -> Lines:
    """Losses with autocast to bfloat16."""
    yield from half(setting, torch.bfloat16)


def nccl(setting) -> Lines:
    """A step in DistributedDataParallel, in a group of one process."""
    on_card = get_device() == 'cuda'
    alone = losses_of(build(setting))
    group = 'nccl' if on_card else 'gloo'
    dist.init_process_group(group, rank=0, world_size=1, store=dist.HashStore())
    step = build(setting)
    ones = torch.ones(2**24, device=get_device())
    dist.all_reduce(ones)
    finish()
    begin = time.perf_counter()
    dist.all_reduce(ones)
    finish()
    yield f'{group}: all_reduce of 64 MiB', 1e3 * (time.perf_counter() - begin), 'ms'
    yield from differences(losses_of(step), alone)
    ids = [0] if on_card else None
    step.model = MMDistributedDataParallel(
        module=step.model, device_ids=ids, broadcast_buffers=False
    )
    step.whole()
    yield 'a step in DistributedDataParallel', 'done', ''


def sync_bn(setting) -> Lines:
    """The kernels of SyncBatchNorm against plain BatchNorm: of one process the same numbers."""
    dist.init_process_group('nccl', rank=0, world_size=1, store=dist.HashStore())
    x = torch.randn(8, 64, 8, 56, 56, device='cuda', dtype=torch.half)
    weight, bias = torch.rand(64, device='cuda'), torch.rand(64, device='cuda')
    results = []
    for sync in (False, True):
        inputs = [t.clone().requires_grad_() for t in (x, weight, bias)]
        mean, var = torch.zeros_like(weight), torch.ones_like(weight)
        if sync:  # torch's layer would leave its kernels out for a single process
            settings = (1e-5, 0.1, dist.group.WORLD, 1)
            out = SyncBatchNorm.apply(*inputs, mean, var, *settings)
        else:
            out = torch.nn.functional.batch_norm(inputs[0], mean, var, *inputs[1:], True)
        out.float().pow(2).mean().backward()
        results.append([out, mean, var, *(t.grad for t in inputs)])
    for name, mine, other in zip(('output', 'mean', 'variance', 'gradient'), *results):
        far = (mine.float() - other.float()).abs().max() / other.float().abs().max()
        yield f'{name}, largest difference', 100 * far.item(), '%'


def memory(setting) -> Lines:
    """Peak of a step by batch, without and with ``with_cp`` of the video encoder."""
    for with_cp in (False, True):
        for batch in (2, 4) if setting.small else (16, 32, 64, 128, 256):
            name = f'{batch} videos a card' + ', with_cp' * with_cp
            try:
                yield name, peak(setting, batch, with_cp), 'GiB'
            except torch.OutOfMemoryError:
                yield name, 'does not fit', ''
                break


def peak(setting, batch: int, with_cp: bool) -> float:
    gc.collect()
    if get_device() == 'cuda':
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    step = build(setting, batch, changes={'model.backbone.with_cp': with_cp})
    for _ in range(2):
        step.whole()
    if get_device() == 'cuda':
        return torch.cuda.max_memory_reserved() / 2**30
    return process_memory('VmHWM') / 1024


def warm(step: Step) -> Step:
    for _ in range(3):
        step.whole()
    return step


def speed(setting) -> Lines:
    """Steps and videos a second, and what the encoders take of a step."""
    step = warm(build(setting))
    batch = len(step.data['data_samples'])
    encode = partial(step.encode, step.prepare()['inputs'])
    seconds = in_turn({BASE: encode, 'whole step': step.whole}, setting.repeat)
    whole = statistics.median(seconds['whole step'])
    yield f'a step of {batch} videos', 1e3 * whole, 'ms'
    yield 'steps a second', 1 / whole, ''
    yield 'videos a second', batch / whole, ''
    shares = [part / of for part, of in zip(seconds[BASE], seconds['whole step'])]
    yield 'share of the encoders', 100 * statistics.median(shares), '%'


def against_usual(setting, **options) -> Lines:
    """Time of a step with other settings, relative to the usual ones."""
    runs = dict(usual=warm(build(setting)).whole, other=warm(build(setting, **options)).whole)
    usual, other = compare(in_turn(runs, setting.repeat), 'usual')
    yield 'usual step', usual['median'], 'ms'
    yield 'step', other['median'], 'ms'
    yield 'relative', other['x usual'], ''


def channels_last(setting) -> Lines:
    """A step with ``model.channels_last=True``."""
    yield from against_usual(setting, channels_last=True)


def fused_adamw(setting) -> Lines:
    """A step with ``optim_wrapper.optimizer.fused=True``."""
    yield from against_usual(setting, changes={'optim_wrapper.optimizer.fused': True})


def compile(setting) -> Lines:
    """A compiled step."""
    step = build(setting, compiled=True)
    begin = time.perf_counter()
    step.whole()
    yield 'first step', time.perf_counter() - begin, 's'
    runs = dict(usual=warm(build(setting)).whole, compiled=warm(step).whole)
    seconds = in_turn(runs, setting.repeat)
    usual, compiled = compare(seconds, 'usual')
    yield 'step', compiled['median'], 'ms'
    yield 'relative', compiled['x usual'], ''
    counts = torch._dynamo.utils.counters
    yield 'graphs', counts['stats']['unique_graphs'], ''
    yield 'breaks of graphs', sum(counts['graph_break'].values()), ''
