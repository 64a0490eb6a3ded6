#!/usr/bin/env python
"""Time and memory of k-NN, retrieval and linear probe, compared with faiss and scikit-learn.

python tools/benchmarks/evaluation.py                    20,000 x 240,000 x 512, 400 classes
python tools/benchmarks/evaluation.py --small

Features are random around one centre per class; their spectrum falls like that of a network's.
"""

from __future__ import annotations

import tempfile
import time

import numpy as np
from measuring import apart, compare, in_turn, parser, report

DIMS, NEIGHBORS = 512, 20
STRENGTHS = dict(logistic=1.0, svm=1e-2)


def main() -> None:
    parse = parser(__doc__)
    parse.add_argument('--queries', type=int, default=20_000)
    parse.add_argument('--gallery', type=int, default=240_000)
    parse.add_argument('--classes', type=int, default=400)
    args = parse.parse_args()
    sizes = (500, 3000, 20) if args.small else (args.queries, args.gallery, args.classes)
    tables = {
        'Search, seconds': search(*sizes, args.repeat),
        'Memory above the features, MB': memory(*sizes),
        'Linear classifiers, one C': converged(*((500, 10) if args.small else (8000, 100))),
        'Linear probe, C chosen': probe(*sizes),
    }
    report('evaluation', tables, args.out)


def features(number: int, classes: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Draws features of shape ``(number, DIMS)``, almost without negative values, and labels."""
    shared, rng = np.random.default_rng(0), np.random.default_rng(seed)
    spread = ((1 + np.arange(DIMS)) ** -0.7).astype(np.float32)
    mix = np.linalg.qr(shared.normal(size=(DIMS, DIMS)))[0].astype(np.float32)
    centres = (shared.normal(size=(classes, DIMS)) * 0.13).astype(np.float32) * spread**0.8
    labels = rng.integers(0, classes, number)
    noise = rng.standard_normal((number, DIMS), dtype=np.float32) * spread
    return np.maximum((centres[labels] + noise) @ mix, -0.05), labels


def search(num_queries: int, num_gallery: int, classes: int, repeat: int) -> list[dict]:
    """Times whole searches, including the construction of the index."""
    # here, and in functions below, what takes seconds: --help does not need it
    from avtss_mm.evaluation.functional import knn_accuracy, match_ranks

    gallery, labels = features(num_gallery, classes, 1)
    queries, truth = features(num_queries, classes, 2)
    runs = {
        'faiss, exact': lambda: faiss_search(gallery, queries),
        'knn_accuracy': lambda: knn_accuracy(gallery, labels, queries, truth, NEIGHBORS),
        'match_ranks': lambda: match_ranks(queries, truth, gallery, labels, 50),
    }
    return compare(in_turn(runs, repeat), 'faiss, exact', scale=1)


def faiss_search(gallery: np.ndarray, queries: np.ndarray) -> None:
    import faiss

    index = faiss.IndexFlatIP(DIMS)
    index.add(gallery)
    index.search(queries, NEIGHBORS)


def memory(num_queries: int, num_gallery: int, classes: int) -> list[dict]:
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for name, number, seed in (('gallery', num_gallery, 1), ('queries', num_queries, 2)):
            array, labels = features(number, classes, seed)
            np.save(f'{folder}/{name}.npy', array)
            np.save(f'{folder}/{name}_labels.npy', labels)
        for name in ('nothing', 'knn_accuracy', 'match_ranks', 'linear_probe'):
            _, used = apart(use, name, folder)
            rows.append({'run': name, 'MB': used - (rows[0]['MB'] if rows else 0)})
    return rows[1:]


def use(name: str, folder: str) -> None:
    from avtss_mm.evaluation.functional import knn_accuracy, match_ranks
    from avtss_mm.evaluation.linear_probe import linear_probe

    gallery, labels, queries, truth = (
        np.load(f'{folder}/{side}.npy')
        for side in ('gallery', 'gallery_labels', 'queries', 'queries_labels')
    )
    if name == 'knn_accuracy':
        knn_accuracy(gallery, labels, queries, truth, NEIGHBORS)
    elif name == 'match_ranks':
        match_ranks(queries, truth, gallery, labels, 50)
    elif name == 'linear_probe':
        linear_probe(gallery, labels, np.arange(len(gallery)), queries, truth, C=(1e-3,))


def converged(number: int, classes: int) -> list[dict]:
    """Compares with scikit-learn run to convergence, at a size that it can manage."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.svm import LinearSVC

    from avtss_mm.evaluation.linear_classifier import LinearProblem

    gallery, labels = features(number, classes, 1)
    queries, truth = features(number, classes, 2)
    deviation = gallery.std(axis=0)
    gallery, queries = ((side - gallery.mean(axis=0)) / deviation for side in (gallery, queries))
    rows = []
    for kind, C in STRENGTHS.items():
        if kind == 'logistic':
            other = LogisticRegression(C=C, tol=1e-6, max_iter=10_000)
        else:
            other = LinearSVC(C=C, tol=1e-4, max_iter=10_000)
        begin = time.perf_counter()
        mine = (LinearProblem(gallery, labels, kind).fit(C).predict(queries) == truth).mean()
        middle = time.perf_counter()
        theirs = other.fit(gallery.astype(np.float64), labels).score(queries, truth)
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


def probe(num_queries: int, num_gallery: int, classes: int) -> list[dict]:
    from avtss_mm.evaluation.linear_probe import linear_probe

    gallery, labels = features(num_gallery, classes, 1)
    queries, truth = features(num_queries, classes, 2)
    rows = []
    for kind in STRENGTHS:
        begin = time.perf_counter()
        groups = np.arange(num_gallery)
        accuracy, C = linear_probe(gallery, labels, groups, queries, truth, kind)
        seconds = time.perf_counter() - begin
        row = {'classifier': f'{kind}, {num_gallery:,} x {DIMS}, {classes} classes', 's': seconds}
        rows.append({**row, 'accuracy': accuracy, 'C': f'{C:g}'})
    return rows


if __name__ == '__main__':
    main()
