import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow

STEPS = """
import resource, sys, torch
from avtss_mm.engine.memory import keep_freed_memory
kept = sys.argv[1] == 'kept' and keep_freed_memory()
for step in range(5):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    tensors = [torch.ones(2**24) for _ in range(4)]
    del tensors
print(kept, resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def pages_of_last_step(how):
    command = [sys.executable, '-c', STEPS, how]
    answer = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    return answer[0] == 'True', int(answer[1])


@pytest.mark.skipif(not sys.platform.startswith('linux'), reason='glibc only')
def test_a_step_gets_no_new_pages():
    kept, pages = pages_of_last_step('kept')
    assert kept
    assert pages < 1000 < pages_of_last_step('plain')[1]  # 256 MB are 65,536 pages of 4 KiB
