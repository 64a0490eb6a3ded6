#!/usr/bin/env python
"""Time and memory of k-NN, retrieval and linear probe beside faiss and scikit-learn.

python tools/benchmarks/evaluation.py                    20,000 x 240,000 x 512, 400 classes
python tools/benchmarks/evaluation.py --small

Features are random around a centre for each class, with a spectrum that falls as a network's does.
"""

from __future__ import annotations

import tempfile
import time

import faiss
import numpy as np
from measuring import apart, compare, in_turn, parser, report
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

from avtss_mm.evaluation.functional import knn_accuracy, match_ranks
from avtss_mm.evaluation.linear_classifier import LinearProblem
from avtss_mm.evaluation.linear_probe import linear_probe

DIMS, NEIGHBORS = 512, 20
STRENGTHS = dict(logistic=1.0, svm=1e-2)


def main() -> None:
    parse = parser(__doc__)
    parse.add_argument('--queries', type=int, default=20_000)
    parse.add_argument('--gallery', type=int, default=240_000)
    parse.add_argument('--classes', type=int, default=400)
    args = parse.parse_args()
    sizes = (1000, 12_000, 50) if args.small else (args.queries, args.gallery, args.classes)
    tables = {
        'Search, seconds': search(*sizes, args.repeat),
        'Memory above the features, MB': memory(*sizes),
        'Linear classifiers, one C': converged(*((1000, 10) if args.small else (8000, 100))),
        'Linear probe, C chosen': probe(*sizes),
    }
    report('evaluation', tables, args.out)


def features(number: int, classes: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Features of shape ``(number, DIMS)`` that are nowhere negative, and labels."""
    shared, rng = np.random.default_rng(0), np.random.default_rng(seed)
    spread = ((1 + np.arange(DIMS)) ** -0.7).astype(np.float32)
    mix = np.linalg.qr(shared.normal(size=(DIMS, DIMS)))[0].astype(np.float32)
    centres = (shared.normal(size=(classes, DIMS)) * 0.13).astype(np.float32) * spread**0.8
    labels = rng.integers(0, classes, number)
    noise = rng.standard_normal((number, DIMS), dtype=np.float32) * spread
    return np.maximum((centres[labels] + noise) @ mix, -0.05), labels


def search(queries: int, gallery: int, classes: int, repeat: int) -> list[dict]:
    """Whole searches, the making of the index included."""
    known, labels = features(gallery, classes, 1)
    asked, truth = features(queries, classes, 2)
    runs = {
        'faiss, exact': lambda: faiss_search(known, asked),
        'knn_accuracy': lambda: knn_accuracy(known, labels, asked, truth, NEIGHBORS),
        'match_ranks': lambda: match_ranks(asked, truth, known, labels, 50),
    }
    return compare(in_turn(runs, repeat), 'faiss, exact', scale=1)


def faiss_search(known: np.ndarray, asked: np.ndarray) -> None:
    index = faiss.IndexFlatIP(DIMS)
    index.add(known)
    index.search(asked, NEIGHBORS)


def memory(queries: int, gallery: int, classes: int) -> list[dict]:
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for name, number, seed in (('known', gallery, 1), ('asked', queries, 2)):
            array, labels = features(number, classes, seed)
            np.save(f'{folder}/{name}.npy', array)
            np.save(f'{folder}/{name}_labels.npy', labels)
        for name in ('nothing', 'knn_accuracy', 'match_ranks', 'linear_probe'):
            _, used = apart(use, name, folder)
            rows.append({'run': name, 'MB': used - (rows[0]['MB'] if rows else 0)})
    return rows[1:]


def use(name: str, folder: str) -> None:
    known, labels, asked, truth = (
        np.load(f'{folder}/{side}.npy')
        for side in ('known', 'known_labels', 'asked', 'asked_labels')
    )
    if name == 'knn_accuracy':
        knn_accuracy(known, labels, asked, truth, NEIGHBORS)
    elif name == 'match_ranks':
        match_ranks(asked, truth, known, labels, 50)
    elif name == 'linear_probe':
        linear_probe(known, labels, np.arange(len(known)), asked, truth, C=(1e-3,))


def converged(number: int, classes: int) -> list[dict]:
    """Beside scikit-learn until nothing changes any more, as far as it is quick enough."""
    known, labels = features(number, classes, 1)
    asked, truth = features(number, classes, 2)
    deviation = known.std(axis=0)
    known, asked = ((side - known.mean(axis=0)) / deviation for side in (known, asked))
    rows = []
    for kind, C in STRENGTHS.items():
        if kind == 'logistic':
            other = LogisticRegression(C=C, tol=1e-6, max_iter=10_000)
        else:
            other = LinearSVC(C=C, tol=1e-4, max_iter=10_000)
        begin = time.perf_counter()
        mine = (LinearProblem(known, labels, kind).fit(C).predict(asked) == truth).mean()
        middle = time.perf_counter()
        theirs = other.fit(known.astype(np.float64), labels).score(asked, truth)
        end = time.perf_counter()
        rows.append(
            {
                'classifier': f'{kind}, {number:,} x {DIMS}, {classes} classes',
                's': middle - begin,
                's, scikit-learn': end - middle,
                'accuracy': float(mine),
                'accuracy, scikit-learn': float(theirs),
            }
        )
    return rows


def probe(queries: int, gallery: int, classes: int) -> list[dict]:
    known, labels = features(gallery, classes, 1)
    asked, truth = features(queries, classes, 2)
    rows = []
    for kind in STRENGTHS:
        begin = time.perf_counter()
        accuracy, C = linear_probe(known, labels, np.arange(gallery), asked, truth, kind)
        seconds = time.perf_counter() - begin
        row = {'classifier': f'{kind}, {gallery:,} x {DIMS}, {classes} classes', 's': seconds}
        rows.append({**row, 'accuracy': accuracy, 'C': f'{C:g}'})
    return rows


if __name__ == '__main__':
    main()
