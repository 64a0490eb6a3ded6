"""``--cfg-options``: values arrive as they were typed, and lists are lists."""

from argparse import ArgumentParser

import pytest

from avtss_mm.utils.cli import add_config_arguments


def parse(*options):
    parser = ArgumentParser()
    add_config_arguments(parser)
    return parser.parse_args(['config.py', '--cfg-options', *options]).cfg_options


@pytest.mark.parametrize(
    'name',
    [
        'my vids',
        'a,b',
        'a, b/c',
        '2021',
        '1e3',
        'true',
        '[old] vids',
        '(a)(b)',
        'a "quoted" name',
        "it's",
        'Café ü',
        '/data/my vids, old/[x]',
        ' begins with a blank',
    ],
)
@pytest.mark.parametrize('key', ['data_root', 'train_dataloader.dataset.ann_file', 'work_dir'])
def test_a_path_arrives_as_it_was_typed(key, name):
    assert parse(f'{key}={name}') == {key: name}


def test_a_path_that_exists_is_a_path_even_in_brackets(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert parse('ann_file=[a,b]') == {'ann_file': ['a', 'b']}
    (tmp_path / '[a,b]').touch()
    assert parse('ann_file=[a,b]') == {'ann_file': '[a,b]'}
    monkeypatch.setenv('HOME', str(tmp_path))
    assert parse('data_root=~/vids', 'load_from=None') == {
        'data_root': f'{tmp_path}/vids',
        'load_from': None,
    }


@pytest.mark.parametrize(
    ('text', 'value'),
    [
        ('8', 8),
        ('1e-3', 1e-3),
        ('True', True),
        ('false', False),
        ('None', None),
        ('adamw', 'adamw'),
        ('two words', 'two words'),
        ('1,2', [1, 2]),
        ('[1, 2.5, a b]', [1, 2.5, 'a b']),
        ('(1,)', (1,)),
        ('[(a,1),[b, None]]', [('a', 1), ['b', None]]),
        ('"[1,2]"', [1, 2]),
        ('"2021"', '2021'),
        ("'a,b'", 'a,b'),
        ('[c=d, "e"]', ['c=d', 'e']),
        ('[]', []),
        ('x[1', 'x[1'),
        ('a=b', 'a=b'),
        ('a/b,c', ['a/b', 'c']),
        ('', ''),
    ],
)
def test_other_values(text, value):
    parsed = parse(f'model.head.option={text}')['model.head.option']
    assert parsed == value and type(parsed) is type(value)


@pytest.mark.parametrize('key', ['model.fan_out', 'model.drop_path', 'train.begin_from'])
def test_numbers_of_keys_that_only_sound_like_paths(key):
    assert parse(f'{key}=2') == {key: 2}


def test_several_and_a_value_that_the_shell_tore_apart(capsys):
    assert parse('a=1', 'b=c d') == {'a': 1, 'b': 'c d'}
    with pytest.raises(SystemExit):
        parse('data_root=my', 'vids')
    assert 'vids is not KEY=VALUE (a value with blanks needs quotes)' in capsys.readouterr().err
