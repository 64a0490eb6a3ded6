"""Study configs, and the configs of their runs."""

import pytest
import torch
from helpers.commands import ROOT
from mmaction.registry import MODELS
from mmengine.config import Config
from mmengine.registry import init_default_scope

from avtss_mm.errors import UsageError
from avtss_mm.study.plan import read_study, resolve_paths
from avtss_mm.study.run_config import run_config, stretch_schedule

DEMO = str(ROOT / 'configs/demo/avtss_toy.py')
MINIMAL = dict(
    data=dict(root='data/x'),
    seeds=(3, 4),
    budget=dict(epochs=15),
    variants=dict(b=dict(config=DEMO), a=dict(config=DEMO, options={'model.queue.length': 200})),
    measures=('knn',),
)
FOLDS = dict(gallery=['a.json', 'b.json'], query=['c.json', 'd.json'])


def study(**changes):
    return read_study(Config({**MINIMAL, **changes}), 'out', 'name')


def test_runs_take_every_variant_before_the_next_seed():
    names = [str(run) for run in study().runs()]
    assert names[:3] == ['random seed 3', 'b seed 3', 'a seed 3'] and len(names) == 6
    assert str(study().runs()[5].folder) == 'out/a/seed4'


def test_random_weights_have_a_place_and_networks_of_their_own():
    given = dict(b=dict(config=DEMO), random=None)
    assert list(study(variants=given).variants) == ['b', 'random']
    assert study(variants=given).variants['random'].config == DEMO
    given['random'] = dict(config='other.py')
    assert study(variants=given).variants['random'].config == 'other.py'


@pytest.mark.parametrize(
    'changes, message',
    [
        (dict(seeds=(1, 1)), 'seeds'),
        (dict(seeds=()), 'seeds'),
        (dict(budget=dict(steps=3)), 'budget'),
        (dict(measures=('knn', 'vibes')), 'vibes'),
        (dict(measures=()), 'needs measures'),
        (dict(evaluations=dict(a=dict(gallery='x.json'))), 'evaluations.a'),
        (dict(evaluations=dict(a=dict(measures=('knn',), kwery='x.json'))), 'kwery'),
        (dict(evaluations=dict(a=dict(measures=('knn',), query=['1', '2']))), 'each fold'),
        (dict(evaluations=dict(a=dict(measures=('reach',), **FOLDS))), 'reach cannot'),
        (dict(variants=dict(random=None)), 'trained'),
        (dict(variants={'a/b': dict(config=DEMO)}), 'a/b'),
        (dict(variants=dict(a=None)), "'a'"),
        (dict(data=dict(train='t.json')), 'data'),
        (dict(reach=dict(smell=0.2)), 'reach'),
        (dict(seed=3), 'unknown: seed'),
        (dict(scale=dict(videos=(8, 16), gains=dict(x=('b', 'a')))), 'no variant a_16'),
    ],
)
def test_mistakes_are_named(changes, message):
    with pytest.raises(UsageError, match=message):
        study(**changes)


def test_further_data_takes_what_it_does_not_name_from_the_study():
    esc = dict(root='data/y', measures=('linear', 'knn'), **FOLDS)
    evaluations = dict(ucf=dict(measures=('reach',)), esc=esc)
    plan = study(evaluations=evaluations, reach=dict(video=0.5))
    assert list(plan.groups()) == ['knn', 'ucf/reach', 'esc/linear', 'esc/knn']
    ucf, esc = plan.evaluations['ucf'], plan.evaluations['esc']
    assert str(ucf.root) == 'data/x' and ucf.folds == [('train.json', 'test.json')]
    assert esc.folds == [('a.json', 'c.json'), ('b.json', 'd.json')]
    assert str(esc.root) == 'data/y'
    assert plan.settings('ucf/reach')['own'] == dict(video=0.5)
    assert plan.settings('esc/knn')['data']['query'] == FOLDS['query']
    alone = study(measures=(), evaluations=dict(ucf=dict(measures=('knn',))))
    assert list(alone.groups()) == ['ucf/knn']


def test_paths_are_relative_to_the_study(tmp_path):
    path = tmp_path / 'study/mine.py'
    path.parent.mkdir()
    path.write_text("variants = dict(random=None, a='../peers/a.py', b=dict(config='b.py'))\n")
    variants = resolve_paths(Config.fromfile(path)).variants
    assert variants.a.config == str(tmp_path / 'peers/a.py')
    assert variants.b.config == str(tmp_path / 'study/b.py') and variants.random is None


def test_config_of_a_run():
    options = {'train_dataloader.batch_size': 8, 'model.queue.length': 300}
    data = dict(root='data/x', train='t.json', gallery='g.json', query='q.json')
    plan = study(options=options, data=data)
    cfg = run_config(plan, plan.runs()[5])
    assert cfg.randomness.seed == 4 and cfg.train_cfg.max_epochs == 15
    assert cfg.train_dataloader.batch_size == 8
    assert cfg.model.queue.length == 200  # the variant's own option counts
    assert cfg.train_dataloader.dataset.data_root == 'data/x'
    assert cfg.train_dataloader.dataset.ann_file == 't.json'
    assert cfg.train_dataloader.dataset.cache_dir == 'out/samples'  # shared by all variants
    assert cfg.val_dataloader.dataset.cache_dir == 'out/samples'
    assert cfg.val_dataloader.dataset.data_root == 'data/x'
    assert cfg.val_dataloader.dataset.query.ann_file == 'q.json'
    # half of the demo's 30 epochs: warm-up of 1, neighbours from epoch 10
    times = [(s.get('begin', 0), s['end']) for s in cfg.param_scheduler]
    assert times == [(0, 1), (1, 15)]
    assert cfg.model.contrastive_head.neighbor_start_epoch == 10


def test_a_variant_may_have_epochs_of_its_own():
    variants = dict(a=dict(config=DEMO, epochs=6), b=dict(config=DEMO))
    plan = study(variants=variants)
    configs = [run_config(plan, run) for run in plan.runs()[:3]]
    assert [cfg.train_cfg.max_epochs for cfg in configs] == [6, 6, 15]  # random: as the first
    assert [cfg.model.contrastive_head.neighbor_start_epoch for cfg in configs] == [4, 4, 10]


def test_a_variant_names_a_step_by_its_type():
    speeds = {'train_dataloader.dataset.pipeline.SampleAVClips.speeds': (1, 2)}
    plan = study(variants=dict(a=dict(config=DEMO, options=speeds)))
    cfg = run_config(plan, plan.runs()[1])
    assert cfg.train_dataloader.dataset.pipeline[1].speeds == (1, 2)
    plan = study(options={'train_dataloader.dataset.pipeline.SampleFrames.clip_len': 8})
    with pytest.raises(UsageError, match='SampleFrames is none of 0 AVInit, 1 SampleAVClips'):
        run_config(plan, plan.runs()[1])


def test_a_schedule_too_short_for_a_warm_up():
    cfg = Config.fromfile(DEMO)
    stretch_schedule(cfg, 1)
    assert [s['type'] for s in cfg.param_scheduler] == ['CosineAnnealingLR']
    assert cfg.param_scheduler[0]['end'] == 1 and cfg.model.contrastive_head[
        'neighbor_start_epoch'
    ] == 0  # fmt: skip


@pytest.mark.parametrize(
    'path', sorted((ROOT / 'configs/study').glob('*.py')), ids=lambda path: path.stem
)
def test_configs_that_are_shipped(path):
    """The model of each variant can be built, and all variants train equally long."""
    plan = read_study(resolve_paths(Config.fromfile(path)), 'out', path.stem)
    init_default_scope('mmaction')
    batch_sizes, videos = set(), set()
    for run in plan.runs()[: len(plan.variants)]:
        cfg = run_config(plan, run)
        with torch.device('meta'):
            MODELS.build(cfg.model)
        batch_sizes.add(cfg.train_dataloader.batch_size)
        videos.add(cfg.train_cfg.max_epochs * cfg.train_dataloader.dataset.get('indices', 1))
    assert len(batch_sizes) == len(videos) == 1
