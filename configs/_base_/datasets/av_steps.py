# Pipeline steps. Each has a name, so that a config can change one step and keep the others:
# {{_base_.decode}}.
open_file = dict(type='AVInit')
decode = dict(type='AVDecode', sample_rate=16000)
decode_video = dict(type='AVDecode', with_audio=False)
decode_audio = dict(type='AVDecode', sample_rate=16000, with_video=False)
log_mel = dict(type='MelSpectrogram', num_mels=80, num_columns=100)
to_shape = dict(type='FormatShape', input_format='NCTHW')
