# The baseline without learning, Chromaprint (Debian: apt install libchromaprint-tools):
#   python tools/test.py configs/fingerprint/chromaprint_vggsound.py random
_base_ = './spectrogram_resnet_vggsound.py'

model = dict(_delete_=True, type='HashEncoder')
test_evaluator = dict(whiten=False, out_dir='work_dirs/fingerprint/chromaprint')
