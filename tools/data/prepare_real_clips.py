"""Lists small samples of real data sets for ``configs/study/real_clips.py``.

    python tools/data/prepare_real_clips.py SAMPLES data/real_clips

SAMPLES contains a few clips of each data set in its official form:

    vggsound_mini/{vggsound.csv,video/<id>_<start>.mp4}
    ucf_mini/{UCF-101/<Class>/*.avi,extra/clip_trainlist.txt,extra/clip_testlist.txt}
    kinetics_mini/{train,val}/<label>/*.mp4
    hmdb_mini/videos/<class>/*.avi
    esc10_mini/{audio/*.ogg,meta/esc50.csv}
    video_fp/{ref,query,ground_truth.csv}

OUT gets the manifests and a link to SAMPLES; nothing is copied. Training uses the clips that no
test list of UCF, VGG-Sound or Kinetics names. Clips of different data sets may be cut from the same
video: then only the file is held out, not the scene. Besides the references of the copies, only
HMDB and Kinetics (train) are searched.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from pathlib import Path

from avtss_mm.errors import UsageError, user_errors
from avtss_mm.fingerprint.benchmark.ground_truth import prepare_copies, read_ground_truth
from avtss_mm.media import build_manifest, find_media, save_manifest
from avtss_mm.media.finding import AUDIO_SUFFIXES, SUFFIXES
from avtss_mm.media.origin import add_overwrite_argument, check_replaceable
from avtss_mm.media.remote import local_path
from avtss_mm.preparation.command import add_work_arguments, workers_of
from avtss_mm.preparation.files import find_file, index_files
from avtss_mm.preparation.lists import official_form
from avtss_mm.preparation.prepare import CACHE
from avtss_mm.preparation.sound_lists import read_esc50, read_vggsound
from avtss_mm.utils.report import progress_bar

LINK = 'samples'
VIDEOS = ('vggsound_mini', 'ucf_mini', 'kinetics_mini', 'hmdb_mini')
LONG = 5.0
"""Minimum length of a clip in seconds for the synchrony measure."""


def parse_args(argv=None) -> Namespace:
    parser = ArgumentParser(description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument('samples', type=Path, metavar='SAMPLES')
    parser.add_argument('out', type=local_path, metavar='OUT')
    add_overwrite_argument(parser)
    add_work_arguments(parser)
    return parser.parse_args(argv)


def link_samples(samples: Path, out: Path) -> Path:
    for name in (*VIDEOS, 'esc10_mini', 'video_fp'):
        if not (samples / name).is_dir():
            raise UsageError(f'{samples / name} is not there; --help shows what is expected')
    out.mkdir(parents=True, exist_ok=True)
    link = out / LINK
    if link.is_symlink():
        link.unlink()
    link.symlink_to(samples.resolve())
    return link


def probe(out: Path, args: Namespace) -> dict[str, dict]:
    """Probe all videos and sounds: metadata by name below OUT."""
    names = [
        f'{LINK}/{part}/{name}'
        for part in (*VIDEOS, 'esc10_mini')
        for name in find_media(out / LINK / part, SUFFIXES | AUDIO_SUFFIXES)
    ]
    rows, rejects = build_manifest(
        out, names, workers_of(args), args.timeout, out / CACHE, progress_bar(len(names)),
        require_video=False,
    )  # fmt: skip
    for name, reason in rejects.items():
        print(f'left out: {name}: {reason}')
    return {row['filename']: row for row in rows}


def ucf_rows(folder: Path, facts: dict[str, dict], part: str) -> list[dict]:
    """Rows of the clips in ``extra/clip_<part>list.txt``.

    Both parts contain clips of the same group. The rows have no ``group``, so that the
    cross-validation of a probe splits in the same way.
    """
    classes = ucf_classes(folder)
    index, rows = index_files(facts), []
    with official_form(folder / f'extra/clip_{part}list.txt') as listed:
        for line in listed.lines():
            file = find_file(index, [line.split()[0]])
            if file is not None:
                label = line.split('/')[0]
                rows.append({**facts[file], 'label': classes.index(label)})
    return rows


def ucf_classes(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / 'UCF-101').iterdir())


def write_folds(samples: Path, out: Path, facts: dict[str, dict]) -> list[str]:
    """Write ``esc10_{train,test}_fold<k>.json``."""
    listing, index = read_esc50(samples / 'esc10_mini'), index_files(facts)
    for split, clips in listing.splits.items():
        found = [(find_file(index, clip.names), clip.row) for clip in clips]
        rows = [{**facts[file], **row} for file, row in found if file is not None]
        save_manifest(out / f'esc10_{split}.json', rows, listing.classes)
    return sorted(listing.splits)


def main(argv=None) -> None:
    args = parse_args(argv)
    with user_errors():
        for path in args.out.glob('**/*.json'):
            check_replaceable(path, args.overwrite)
        samples, out = link_samples(args.samples, args.out), args.out
        facts = probe(out, args)
        ucf = {part: ucf_rows(samples / 'ucf_mini', facts, part) for part in ('train', 'test')}
        for part, rows in ucf.items():
            save_manifest(out / f'ucf_{part}.json', rows, ucf_classes(samples / 'ucf_mini'))
        tests = {clip.names[0] for clip in read_vggsound(samples / 'vggsound_mini').splits['test']}
        asked = {row['filename'] for row in ucf['test']}
        sides = {'train': [], 'held_out': []}
        for name, row in facts.items():
            if row['width']:
                is_test = name in asked or Path(name).stem in tests or '_mini/val/' in name
                sides['held_out' if is_test else 'train'].append(row)
        sides['long'] = [
            row for row in sides['held_out'] if row['duration'] >= LONG and not row['silent']
        ]
        for name, rows in sides.items():
            save_manifest(out / f'{name}.json', rows)
        splits = write_folds(samples, out, facts)
        # of the other data sets, those without further copies of a reference
        others = [samples / 'hmdb_mini', samples / 'kinetics_mini/train']
        truth = read_ground_truth(samples / 'video_fp/ground_truth.csv')
        copies = prepare_copies(
            [samples / 'video_fp/ref', *others], [samples / 'video_fp/query'], truth,
            out / 'copies', workers_of(args), args.timeout,
        )  # fmt: skip
    counts = {**sides, **{f'ucf_{part}': rows for part, rows in ucf.items()}}
    text = ', '.join(f'{name} {len(rows)}' for name, rows in counts.items())
    print(f'{out}: {text}; esc10 {len(splits)} lists; '
          f'{len(copies.gallery)} references, {len(copies.queries)} copies')  # fmt: skip


if __name__ == '__main__':
    main()
