"""Prepares VGG-Sound: one manifest per official split.

    python tools/data/prepare_vggsound.py data/vggsound

``tools/data/README.md`` shows the expected layout.
"""

from avtss_mm.preparation.command import DataSet, run
from avtss_mm.preparation.sound_lists import read_vggsound

VGGSOUND = DataSet(
    read_vggsound,
    page='https://www.robots.ox.ac.uk/~vgg/data/vggsound',
    lists='vggsound.csv',
    files='**/<id>_<start>.mp4',
)

if __name__ == '__main__':
    print(run(VGGSOUND, __doc__))
