# Retrieval within video, within audio and across, on the toy world:
#   python tools/test.py configs/demo/retrieval_toy.py CKPT
_base_ = './avtss_toy.py'

test_evaluator = dict(_delete_=True, type='ClipRetrievalMetric')
