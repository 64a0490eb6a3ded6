"""Prepares HMDB51: two manifests per official split.

    python tools/data/prepare_hmdb51.py data/hmdb51

``tools/data/README.md`` shows the expected layout.
"""

from avtss_mm.preparation.command import DataSet, run
from avtss_mm.preparation.video_lists import read_hmdb51

HMDB51 = DataSet(
    read_hmdb51,
    page='https://serre-lab.clps.brown.edu/resource/hmdb-a-large-human-motion-database',
    lists='testTrainMulti_7030_splits/<class>_test_split*.txt',
    files='videos/<class>/*.avi',
)

if __name__ == '__main__':
    print(run(HMDB51, __doc__))
