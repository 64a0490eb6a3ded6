# Real clips: trained once on 113 unlabelled clips, measured on several data sets. The clips are
# few: mind the standard errors below the table, and claim nothing within them.
#   python tools/data/prepare_real_clips.py SAMPLES data/real_clips
#   python tools/study.py configs/study/real_clips.py
# ucf: gallery and queries contain clips of the same groups, an easy split; C of its probe is chosen
# on such splits, too. Clips of VGG-Sound and UCF partly share their sources, so files are held out,
# but not scenes.
data = dict(root='data/real_clips', gallery='ucf_train.json', query='ucf_test.json')
seeds = (0, 1, 2)
budget = dict(epochs=70)  # of 7 steps: as many steps as in the toy world
# Smaller than in the toy world: a queue of less than half the size of the data, and three speeds
# (most clips last 3 s, too short for windows of speed 8).
_queue = {'model.queue.length': 48}
_neighbors = {
    **_queue,
    'model.contrastive_head.positive_ranks': (1, 1),
    'model.contrastive_head.num_negatives': 16,
    'model.contrastive_head.negative_ranks': (6, 36),
}
_no_neighbors = {
    **_queue,
    'model.contrastive_head.num_positives': 0,
    'model.contrastive_head.num_negatives': 0,
}
_avid = {
    **_queue,
    'model.contrastive_head.num_negatives': 38,
    'model.contrastive_head.negative_ranks': (1, 48),
}
_speeds = {f'model.pretext_heads.speed_{m}.num_classes': 3 for m in 'va'}
variants = dict(
    avtss=dict(config='../demo/avtss_toy.py', options={**_neighbors, **_speeds}),
    no_neighbors=dict(config='../demo/avtss_toy.py', options={**_no_neighbors, **_speeds}),
    av_contrastive=dict(config='../peers/av_contrastive_toy.py', options=_neighbors),
    av_no_neighbors=dict(config='../peers/av_contrastive_toy.py', options=_no_neighbors),
    avid=dict(config='../peers/avid_toy.py', options=_avid),
    simclr=dict(config='../peers/simclr_toy.py', options=_queue),
    temporal=dict(config='../peers/temporal_toy.py', options=_speeds),
)
options = {
    'train_dataloader.dataset.pipeline.SampleAVClips.speeds': (1, 2, 4),
    'train_cfg.val_interval': 10,
}
evaluations = dict(
    ucf=dict(measures=('knn', 'linear', 'retrieval', 'reach')),
    held_out=dict(gallery='train.json', query='held_out.json', measures=('temporal',)),
    long=dict(gallery='long.json', query='long.json', measures=('synchrony',)),
    esc10=dict(
        gallery=[f'esc10_train_fold{fold}.json' for fold in range(1, 6)],
        query=[f'esc10_test_fold{fold}.json' for fold in range(1, 6)],
        measures=('knn', 'linear'),
    ),
    copies=dict(
        gallery='copies/test.json', query='copies/fingerprint/queries.json', measures=('copies',)
    ),
)
temporal = dict(speeds=(1, 2, 4), draws=4)
reach = dict(video=0.4, audio=0.4)  # k-NN of the monitor
show = (
    'ucf/linear_video_label', 'ucf/linear_audio_label', 'ucf/linear_joint_label',
    'ucf/knn_joint_label', 'esc10/linear_audio_label', 'ucf/pair_v2a', 'long/sync_top1',
    'copies/copies_v', 'copies/copies_a', 'copies/copies_av', 'held_out/speed_v',
    'held_out/speed_a', 'held_out/direction_v', 'held_out/direction_a', 'held_out/order_vv',
    'held_out/order_va',
)  # fmt: skip
