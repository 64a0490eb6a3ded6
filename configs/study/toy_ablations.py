# Ablations of the method, on the toy world:
#   python tools/study.py configs/study/toy_ablations.py
_base_ = '../_base_/studies/toy.py'

variants = dict(
    # Terms added one by one: v2a and a2v; v2v; neighbours as positives; as negatives; speed and
    # direction; order within a modality; order across, which completes the method.
    v2a_only='../ablations/avtss_toy_v2a_only.py',
    no_neighbors_no_temporal='../ablations/avtss_toy_no_neighbors_no_temporal.py',
    no_neighbor_negatives_no_temporal='../ablations/avtss_toy_no_neighbor_negatives_no_temporal.py',
    no_temporal='../ablations/avtss_toy_no_temporal.py',
    no_order='../ablations/avtss_toy_no_order.py',
    no_cross_order='../ablations/avtss_toy_no_cross_order.py',
    avtss='../demo/avtss_toy.py',
    # The whole method with one change each.
    no_neighbors='../ablations/avtss_toy_no_neighbors.py',
    temporal_weight_1='../ablations/avtss_toy_temporal_weight_1.py',
    no_margin='../ablations/avtss_toy_no_margin.py',
    audio_resample_speed='../ablations/avtss_toy_audio_resample_speed.py',
    shared_speed='../ablations/avtss_toy_shared_speed.py',
    a2a='../ablations/avtss_toy_a2a.py',
    other_window='../ablations/avtss_toy_other_window.py',
    projections_3_layers='../ablations/avtss_toy_projections_3_layers.py',
    queue_80='../ablations/avtss_toy_queue_80.py',
    queue_320='../ablations/avtss_toy_queue_320.py',
)
