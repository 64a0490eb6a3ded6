import numpy as np
import pytest
import torch

from avtss_mm.evaluation import AccuracyMetric, KNNMetric, PretextAccuracy


def sample(subset, label, video=None, audio=None):
    row = dict(subset=subset, gt_label=torch.tensor([label]))
    for name, value in dict(video=video, audio=audio).items():
        if value is not None:
            row[f'{name}_feat'] = torch.tensor(value, dtype=torch.float32)
    return row


def evaluate(metric, samples):
    metric.process({}, samples)
    return metric.evaluate(len(samples))


def test_knn_by_modality_leaves_silent_samples_out():
    near = {0: [1.0, 0.1], 1: [0.1, 1.0]}
    samples = [sample('gallery', c, near[c], near[c]) for c in (0, 1) for _ in range(3)]
    samples += [
        sample('query', 0, near[0], near[1]),  # seen right, heard wrong
        sample('query', 1, near[1], near[1]),
        sample('query', 1, near[1]),  # no sound
        sample('query', 1, near[0]),
    ]
    metrics = evaluate(KNNMetric(k=3), samples)
    assert metrics['knn/video_top1'] == 0.75
    assert metrics['knn/audio_top1'] == 0.5
    assert metrics['knn/chance'] == 0.75
    assert metrics['knn/audio_share'] == 0.5
    assert 0 <= metrics['knn/joint_top1'] <= 1


def test_knn_keeps_features_small():
    metric = KNNMetric()
    metric.process({}, [sample('query', 0, [1.0, 2.0])])
    assert metric.results[0]['video_feat'].dtype == np.float16


def test_knn_without_gallery_says_so():
    with pytest.raises(ValueError, match='0 gallery, 1 query'):
        evaluate(KNNMetric(), [sample('query', 0, [1.0])])


def test_pretext_accuracy_ignores_unlabelled():
    def answer(predicted, labels):
        return dict(pretext=dict(speed_v=(torch.tensor(predicted), torch.tensor(labels))))

    metrics = evaluate(
        PretextAccuracy(), [answer([0, 1], [0, 3]), answer([2, 2], [-1, 3]), answer([1, 0], [3, 0])]
    )
    assert metrics == {'pretext/speed_v': 2 / 5, 'pretext/speed_v_chance': 3 / 5}


@pytest.mark.parametrize('num_classes', [3, 6])
def test_accuracy_with_chance(num_classes):
    scores = torch.eye(num_classes)
    samples = [
        dict(pred_score=scores[i % 2], gt_label=torch.tensor([label]))
        for i, label in enumerate([0, 1, 1, 1])  # answers: 0 1 0 1
    ]
    metrics = evaluate(AccuracyMetric(), samples)
    assert metrics['acc/top1'] == 0.75
    assert metrics['acc/mean1'] == pytest.approx((1 + 2 / 3) / 2)
    assert metrics['acc/chance'] == 0.75
    assert ('acc/top5' in metrics) == (num_classes > 5)  # five guesses of three say nothing
