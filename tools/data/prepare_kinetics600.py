"""Prepares Kinetics-600: one manifest per official split.

    python tools/data/prepare_kinetics600.py data/kinetics600

``tools/data/README.md`` shows the expected layout.
"""

from avtss_mm.preparation.command import DataSet, run
from avtss_mm.preparation.video_lists import read_kinetics

KINETICS600 = DataSet(
    read_kinetics,
    page='https://github.com/cvdfoundation/kinetics-dataset',
    lists='annotations/{train,val,test}.csv',
    files='{train,val,test}/**/<id>_<start>_<end>.mp4',
)

if __name__ == '__main__':
    print(run(KINETICS600, __doc__))
