"""Prepares UCF101: two manifests per official split.

    python tools/data/prepare_ucf101.py data/ucf101

``tools/data/README.md`` shows the expected layout.
"""

from avtss_mm.preparation.command import DataSet, run
from avtss_mm.preparation.video_lists import read_ucf101

UCF101 = DataSet(
    read_ucf101,
    page='https://www.crcv.ucf.edu/data/UCF101.php',
    lists='ucfTrainTestlist/{classInd,trainlist0*,testlist0*}.txt',
    files='UCF-101/<Class>/v_<Class>_gNN_cNN.avi',
)

if __name__ == '__main__':
    print(run(UCF101, __doc__))
