# The test split searches the train split; split 1, as in the field.
_base_ = '../linear/r2plus1d_hmdb51_split1.py'

test_evaluator = [
    dict(type='ClipRetrievalMetric'),
    dict(type='KNNMetric', k=20),
]
