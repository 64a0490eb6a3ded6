# Within video and sound, and across: sound finds video and back.
_base_ = '../linear/avtss_r2plus1d_vggsound.py'

test_evaluator = [dict(type='ClipRetrievalMetric'), dict(type='KNNMetric', k=20)]
