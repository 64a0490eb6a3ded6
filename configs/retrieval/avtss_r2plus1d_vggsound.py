# Retrieval within video, within audio and across: video to audio and audio to video.
_base_ = '../linear/avtss_r2plus1d_vggsound.py'

test_evaluator = [dict(type='ClipRetrievalMetric'), dict(type='KNNMetric', k=20)]
