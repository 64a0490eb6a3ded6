"""Prepares Kinetics-400: one manifest per official split.

    python tools/data/prepare_kinetics400.py data/kinetics400

``tools/data/README.md`` shows the expected layout.
"""

from avtss_mm.preparation.command import DataSet, run
from avtss_mm.preparation.video_lists import read_kinetics

KINETICS400 = DataSet(
    read_kinetics,
    page='https://github.com/cvdfoundation/kinetics-dataset',
    lists='annotations/{train,val,test}.csv',
    files='{train,val,test}/**/<id>_<start>_<end>.mp4',
)

if __name__ == '__main__':
    print(run(KINETICS400, __doc__))
