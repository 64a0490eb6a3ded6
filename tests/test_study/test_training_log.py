import json

import numpy as np
from mmengine.config import Config

from avtss_mm.study.measures.training_log import epochs_to_reach, read_curves
from avtss_mm.visualization import draw_curves_of_runs


def write(folder, *curve, steps=((1, 3, 1.0),)):
    path = folder / 'vis_data/scalars.json'
    path.parent.mkdir(parents=True)
    lines = [
        json.dumps(
            dict(
                loss_v2a=loss,
                loss_speed_v=0.25,
                acc_speed_v=0.5,
                chance_nce=2.0,
                epoch=epoch,
                iter=step,
                step=step,
                lr=0.1,
            )
        )  # fmt: skip
        for epoch, step, loss in steps
    ]
    for epoch, video in curve:
        values = {'knn/video_top1': video, 'knn/audio_top1': 0.9, 'knn/chance': 0.1}
        lines.append(json.dumps({**values, 'knn/audio_share': 0.3, 'step': epoch}))
    path.write_text('\n'.join(lines) + '\n{"knn/video_top1": 0.')  # killed while it wrote


def test_first_epoch_that_reaches_it(tmp_path):
    write(tmp_path / '20260101_000000', (0, 0.1), (5, 0.2), (10, 0.3))
    write(tmp_path / '20260102_000000', (10, 0.45), (15, 0.4), (20, 0.6))  # resumed
    figures = epochs_to_reach(tmp_path, dict(audio=0.5, video=0.4))
    assert list(figures.items()) == [('epochs_to_video', 10.0), ('epochs_to_audio', 0.0)]
    assert epochs_to_reach(tmp_path, dict(video=0.7, joint=0.1)) == dict(epochs_to_video=None)
    assert epochs_to_reach(tmp_path / 'untrained', dict(video=0.4)) == {}


def test_curves_of_a_run_that_was_cut_off(tmp_path):
    write(tmp_path / '1', (0, 0.1), steps=[(1, 10, 1.0), (1, 20, 0.9), (2, 35, 0.7)])
    write(tmp_path / '2', (2, 0.4), steps=[(2, 35, 0.6), (2, 45, 0.5)])
    model = dict(
        contrastive_head=dict(loss_weight=dict(v2a=0.5, v2v=0.0)),
        pretext_heads=dict(
            speed_v=dict(num_classes=4, loss_weight=0.25), order_vv=dict(type='x'), speed_a=None
        ),
    )
    scalars, chance = read_curves(tmp_path, Config(dict(model=model)))
    epochs, losses = scalars['loss_v2a']
    assert epochs.tolist() == [0.5, 1, 1.5, 2]
    assert np.allclose(losses, [2, 1.8, 1.2, 1])  # unweighted; step 35 as it was done last
    assert set(scalars['loss_speed_v'][1]) == {1.0}  # unweighted, too
    assert [x.tolist() for x in scalars['video_top1']] == [[0, 2], [0.1, 0.4]]
    assert 'audio_share' not in scalars  # that of the monitor is not that of training
    assert chance == dict(video_top1=0.1, acc_speed_v=0.25, acc_order_vv=1 / 3)


def test_curves_side_by_side(tmp_path):
    write(tmp_path / 'a/1', (0, 0.1), (1, 0.3), steps=[(1, k, 50.0 / k) for k in range(1, 99)])
    run = read_curves(tmp_path / 'a', Config(dict(model=dict())))
    draw_curves_of_runs(dict(good=run, video_only=({}, {})), tmp_path / 'curves.png')
    assert (tmp_path / 'curves.png').stat().st_size > 10_000
    assert list(tmp_path.glob('*.part*')) == []
