# Linear probe on the toy world:  python tools/test.py configs/demo/linear_toy.py CKPT
_base_ = './avtss_toy.py'

test_evaluator = dict(_delete_=True, type='LinearProbeMetric')
