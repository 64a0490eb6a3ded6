"""Prepares AudioSet: one manifest per official list.

    python tools/data/prepare_audioset.py data/audioset

``tools/data/README.md`` shows the expected layout.
"""

from avtss_mm.preparation.command import DataSet, run
from avtss_mm.preparation.sound_lists import read_audioset

AUDIOSET = DataSet(
    read_audioset,
    page='https://research.google.com/audioset/download.html',
    lists='{class_labels_indices,balanced_train_segments,...}.csv',
    files='**/<id>_<start>.mp4',
)

if __name__ == '__main__':
    print(run(AUDIOSET, __doc__))
