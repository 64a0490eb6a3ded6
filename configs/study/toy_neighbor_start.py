# Neighbours in the place of the target (NNCLR): from the start, or later? On the world of
# toy_temporal_weight.py, beside the same without neighbours.
#   python tools/study.py configs/study/toy_neighbor_start.py
_base_ = './toy_temporal_weight.py'

_nnclr, _start = '../peers/nnclr_toy.py', 'model.contrastive_head.neighbor_start_epoch'
variants = dict(
    _delete_=True,
    simclr='../peers/simclr_toy.py',
    nnclr=dict(config=_nnclr, options={_start: 0}),
    nnclr_from_half=dict(config=_nnclr, options={_start: 15}),  # of 30 epochs
    nnclr_last_third=dict(config=_nnclr, options={_start: 20}),
)
