# What each part of the method gains as the training set grows: equally many steps on 192, 768 and
# 3,072 videos of a small world. docs/choices.md says how to read OUT/scale.png and the tables.
#   python tools/study.py configs/study/toy_scale.py
# Classes are measured on videos of another world, which no run was trained on.
_sizes = (192, 768, 3072)
_steps, _batch = 576, 32
data = dict(root='data/toy_scale', toy=dict(num_videos=_sizes[-1], num_test=0, seed=3, size=64))
_labelled = dict(num_videos=400, num_test=400, seed=4, size=64)
evaluations = dict(
    labelled=dict(
        root='data/toy_scale_labelled',
        toy=_labelled,
        measures=('knn', 'linear', 'retrieval', 'temporal', 'neighbors'),
    )
)
seeds = (0, 1, 2)
_epochs = {size: _steps * _batch // size for size in _sizes}
budget = dict(epochs=_epochs[_sizes[-1]])
options = {
    'train_dataloader.batch_size': _batch,
    'val_dataloader': None,  # no k-NN monitor
    'val_cfg': None,
    'val_evaluator': None,
}
keep_samples = False  # those of one seed take about 4 GB

_demo, _head = '../demo/avtss_small.py', 'model.contrastive_head'
_no_temporal = {'model.pretext_heads': None}
_no_neighbors = {f'{_head}.num_positives': 0, f'{_head}.num_negatives': 0}
_no_v2v = {f'{_head}.loss_weight.v2v': 0.0}
_a2a = {f'{_head}.loss_weight.a2a': 1.0, **_no_temporal}


def _queue(size):
    """The demo's queue, ranks and number of negatives, in proportion to the set."""
    return {
        'model.queue.length': size * 5 // 12,
        f'{_head}.positive_ranks': (1, max(size // 128, 2)),
        f'{_head}.num_negatives': size // 12,
        f'{_head}.negative_ranks': (size // 20, size * 5 // 16),
    }


def _avid_cma(size):
    """Terms and ranks of ../peers/avid_cma_toy.py; neighbours join at half of the training."""
    last = max(size // 128, 2)
    return {
        f'{_head}.type': 'AgreementContrastiveHead',
        f'{_head}.num_negatives': size // 3,
        f'{_head}.negative_ranks': (last + 1, size * 5 // 12),
        f'{_head}.neighbor_start_epoch': _epochs[size] // 2,
        **_no_v2v,
        **_no_temporal,
    }


variants = {
    f'{part}_{size}': dict(
        config=_demo,
        epochs=_epochs[size],
        options={'train_dataloader.dataset.indices': size, **_queue(size), **terms},
    )
    for size in _sizes
    for part, terms in dict(
        v2a_a2v={**_no_v2v, **_no_neighbors, **_no_temporal},
        v2v={**_no_neighbors, **_no_temporal},
        neighbors=_no_temporal,
        temporal=_no_neighbors,
        avtss={},
        avid_cma=_avid_cma(size),
        a2a={**_a2a, **_no_neighbors},
        a2a_neighbors=_a2a,
    ).items()
}
scale = dict(
    videos=_sizes,
    gains={
        'v2v': ('v2v', 'v2a_a2v'),
        'neighbours': ('neighbors', 'v2v'),
        'temporal tasks': ('temporal', 'v2v'),
        'neighbours, with temporal tasks': ('avtss', 'temporal'),
        'agreeing neighbours (AVID-CMA)': ('avid_cma', 'v2a_a2v'),
        'neighbours, with a2a': ('a2a_neighbors', 'a2a'),
    },
    figures=(
        'labelled/knn_video_label', 'labelled/knn_audio_label', 'labelled/knn_joint_label',
        'labelled/linear_joint_label',
    ),
    levels=(
        'labelled/neighbors_positives_video', 'labelled/neighbors_positives_audio',
        'labelled/neighbors_positives_both', 'labelled/neighbors_negatives_both',
    ),
)  # fmt: skip
show = (*scale['figures'], *scale['levels'])
