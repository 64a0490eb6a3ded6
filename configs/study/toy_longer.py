# Does what the temporal tasks cost pass with time? Three times the epochs of the other studies,
# with and without the tasks, on the world of toy_temporal_weight.py.
#   python tools/study.py configs/study/toy_longer.py
_base_ = './toy_temporal_weight.py'

budget = dict(epochs=60)
variants = dict(
    _delete_=True,
    no_temporal=dict(config='../demo/avtss_toy.py', options={'model.pretext_heads': None}),
    avtss='../demo/avtss_toy.py',
)
