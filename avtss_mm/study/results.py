"""The results of a run: ``results.json``, which is complete at any moment."""

from __future__ import annotations

import json

from ..files.whole_file import write_whole
from .plan import Run, Study


def write_results(run: Run, results: dict) -> None:
    """Write ``results.json`` of a run."""
    write_whole(run.results_path, json.dumps(results, indent=1) + '\n')


def read_results(study: Study, run: Run) -> dict | None:
    """Read the results of a run that were measured with the study's settings.

    Returns:
        dict or None: ``groups`` (figures by measure and name), ``settings`` of each measure, and
        ``facts`` (steps, batch size, videos, seconds, versions, commit). None without results.
    """
    if not run.results_path.exists():
        return None
    results = json.loads(run.results_path.read_text(encoding='utf-8'))
    for name, settings in results['settings'].items():
        if name in study.groups() and settings != json.loads(json.dumps(study.settings(name))):
            results['groups'].pop(name, None)
    return results if results['groups'] else None


def is_finished(study: Study, run: Run) -> bool:
    """Whether everything is measured."""
    results = read_results(study, run)
    return results is not None and all(name in results['groups'] for name in study.groups())
