# Audio-Visual Contrastive Learning with Temporal Self-Supervision (Jenni, Black, Collomosse,
# AAAI 2023). Follows the abstract and the published claims; hyper-parameters are ours.
# With --amp, 64 videos a GPU need a card of 40 GB: docs/gpu.md has other cards.
_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/models/avtss_r2plus1d.py',
    '../_base_/datasets/kinetics400_av.py',
    '../_base_/schedules/adamw_200e.py',
]

custom_hooks = [dict(type='PretrainMonitorHook')]
sync_bn = 'torch'
