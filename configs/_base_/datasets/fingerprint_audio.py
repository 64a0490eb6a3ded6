# Like fingerprint_av.py, but audio only: works on audio files, too.
_base_ = './fingerprint_av.py'

pack = dict(
    type='PackActionInputs',
    collect_keys=('audios',),
    algorithm_keys=('has_audio',),
    meta_keys={{_base_.pack.meta_keys}},
)
steps = [{{_base_.decode_audio}}, {{_base_.log_mel}}, pack]
feature_pipeline = [{{_base_.open_file}}, {{_base_.query_chunks}}, *steps]
gallery_pipeline = [{{_base_.open_file}}, {{_base_.gallery_chunks}}, *steps]
test_dataloader = dict(
    dataset=dict(pipeline=feature_pipeline, gallery=dict(pipeline=gallery_pipeline))
)
test_evaluator = dict(out_dir='work_dirs/fingerprint/sound')
