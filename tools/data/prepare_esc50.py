"""Prepares ESC-50: two manifests per official fold.

    python tools/data/prepare_esc50.py data/esc50

``tools/data/README.md`` shows the expected layout.
"""

from avtss_mm.preparation.command import DataSet, run
from avtss_mm.preparation.sound_lists import read_esc50

ESC50 = DataSet(
    read_esc50,
    page='https://github.com/karolpiczak/ESC-50',
    lists='meta/esc50.csv',
    files='audio/*.wav',
    sound_only=True,
)

if __name__ == '__main__':
    print(run(ESC50, __doc__))
