#!/usr/bin/env python
"""Find copies of videos and sounds: ``python tools/fingerprint.py --help`` (``avtss-fp``)."""

import os

# Before torch is imported: waiting OpenMP threads must not take the core of a decoder.
os.environ.setdefault('OMP_WAIT_POLICY', 'PASSIVE')

from avtss_mm.fingerprint.cli import main

if __name__ == '__main__':
    main()
