"""Cached samples equal the samples that were drawn."""

import copy


def test_kept_samples_are_those_that_were_drawn(make, same, tmp_path, monkeypatch):
    options = dict(timeout=None, cache_dir=str(tmp_path / 'cache'))
    plain, first, second = make(timeout=None), make(**options), make(**options)
    for dataset in (plain, first, second):
        dataset.set_epoch(3, seed=7)
    drawn = [first[index] for index in range(5)]
    assert all(same(plain[index], drawn[index]) for index in range(5))
    monkeypatch.setattr('avtss_mm.datasets.audiovisual_dataset.load', None)  # nothing is decoded
    for index in range(5):
        kept = second[index]
        assert same(drawn[index], kept)
        one, other = drawn[index]['data_samples'], kept['data_samples']
        assert {k: type(v) for k, v in one.items()} == {k: type(v) for k, v in other.items()}
    for count in ('num_served', 'num_without_sound', 'num_too_short'):
        assert getattr(second, count) == getattr(first, count)
    assert first.num_without_sound > 0


def test_another_seed_epoch_row_or_transform_is_another_sample(make, pipeline, tmp_path):
    options = dict(timeout=None, cache_dir=str(tmp_path))
    other = copy.deepcopy(pipeline)
    other[1]['speeds'] = (1, 4)
    datasets = [make(**options), make(**options), make(subset='query', **options)]
    datasets += [make(**{**options, 'pipeline': other}), *(make(**options) for _ in range(2))]
    datasets[-2].set_epoch(1, seed=0)
    datasets[-1].set_epoch(0, seed=1)
    kept = []
    for dataset in datasets:
        dataset[0]
        kept.append(len(list(tmp_path.rglob('*.pt'))))
    assert kept == [1, 1, 2, 3, 4, 5]


def test_a_damaged_file_is_drawn_anew(make, same, tmp_path):
    dataset = make(timeout=None, cache_dir=str(tmp_path))
    drawn = dataset[1]
    (path,) = tmp_path.rglob('*.pt')
    for damage in (path.read_bytes()[:1000], b'', b'no sample at all'):
        path.write_bytes(damage)
        assert same(dataset[1], drawn) and same(dataset[1], drawn)
    assert [file.name for file in path.parent.iterdir()] == [path.name]
