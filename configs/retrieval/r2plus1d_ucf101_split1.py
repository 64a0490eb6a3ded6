# Queries: test split; gallery: train split. Split 1, as is usual.
_base_ = '../linear/r2plus1d_ucf101_split1.py'

test_evaluator = [
    dict(type='ClipRetrievalMetric'),
    dict(type='KNNMetric', k=20),
]
