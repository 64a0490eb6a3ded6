# A good run and deliberate failures, to compare their curves: OUT/curves.png.
#   python tools/study.py configs/study/toy_failures.py
_base_ = '../_base_/studies/toy.py'

seeds = (0,)
variants = dict(
    good='../demo/avtss_toy.py',
    collapsed='../failures/avtss_toy_collapsed.py',
    queue_too_long='../failures/avtss_toy_queue_too_long.py',
    silence_as_sound='../failures/avtss_toy_silence_as_sound.py',
    lr_too_high='../failures/avtss_toy_lr_too_high.py',
    lr_too_low='../failures/avtss_toy_lr_too_low.py',
)
measures = ('knn', 'linear', 'retrieval')
reach = None
