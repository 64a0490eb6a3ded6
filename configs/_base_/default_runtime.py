default_scope = 'mmaction'
custom_imports = dict(imports=['avtss_mm'], allow_failed_imports=False)

default_hooks = dict(
    runtime_info=dict(type='AVRuntimeInfoHook'),
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=20, ignore_last=False),
    param_scheduler=dict(type='ParamSchedulerHook'),
    finite_loss=dict(type='FiniteLossHook'),  # max_skipped=20: skip steps instead of stopping
    checkpoint=dict(type='DurableCheckpointHook', interval=5, max_keep_ckpts=3),
    sampler_seed=dict(type='DistSamplerSeedHook'),
    sync_norm=dict(type='SyncNormHook'),
    epoch_seed=dict(type='EpochSeedHook'),  # here, where custom_hooks of yours do not replace it
    unreadable_files=dict(type='UnreadableFilesHook'),
    data_wait=dict(type='DataWaitHook'),
)
# mmaction2's SyncBuffersHook is left out: it would average the queues over the ranks.

env_cfg = dict(
    cudnn_benchmark=True,
    mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0),
    dist_cfg=dict(backend='nccl'),
    resource_limit=65536,  # open files: each tensor that a data worker hands over is one
)
randomness = dict(seed=0)

log_processor = dict(type='LogProcessor', window_size=20, by_epoch=True)
vis_backends = [dict(type='LocalVisBackend'), dict(type='TensorboardVisBackend')]
visualizer = dict(type='ActionVisualizer', vis_backends=vis_backends)

log_level = 'INFO'
load_from = None
resume = False
