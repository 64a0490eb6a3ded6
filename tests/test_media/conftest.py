"""Every test that takes ``backend`` runs with all back-ends that load on this machine."""

from __future__ import annotations

import pytest

from avtss_mm.media import available_backends
from avtss_mm.media.reader import BACKENDS


@pytest.fixture(params=list(BACKENDS))
def backend(request):
    if request.param not in available_backends():
        pytest.skip(f'{request.param} does not load here')
    return request.param
