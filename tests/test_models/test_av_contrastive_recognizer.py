import copy
import gc
import weakref

import numpy as np
import pytest
import torch
import torch.distributed as dist

NAMES = ['speed_v', 'speed_a', 'direction_v', 'direction_a', 'order_vv', 'order_aa', 'order_va']


def test_loss_has_every_term_and_reaches_every_parameter(make_recognizer, make_batch):
    model = make_recognizer()
    for step in range(3):  # neighbours join when the queue of 16 is full
        results = model(*make_batch(8, seed=step, first_id=8 * step), mode='loss')
        assert results['chance_nce'].exp().item() == pytest.approx(13 if step == 2 else 8)
    expected = {f'loss_{n}' for n in NAMES} | {'loss_v2v', 'loss_v2a', 'loss_a2v'}
    assert {k for k in results if 'loss' in k} == expected
    assert {f'acc_{n}' for n in NAMES} <= set(results)
    loss, _ = model.parse_losses(results)
    loss.backward()
    assert not [n for n, p in model.named_parameters() if p.grad is None or p.grad.abs().max() == 0]


def test_it_learns_to_fit_one_batch(make_recognizer, make_batch):
    model = make_recognizer(
        queue=None, contrastive_head=dict(type='ContrastiveHead', num_positives=0, num_negatives=0)
    )
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    batch = make_batch(8)
    history = []
    for _ in range(25):
        loss, logs = model.parse_losses(model(*batch, mode='loss'))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        history.append(loss.item())
    assert history[-1] < 0.5 * history[0]
    assert logs['top1_v2a'] > 0.8 and logs['acc_speed_a'] > 0.8


@pytest.mark.parametrize('share', [0.6, 0.0])
def test_missing_sound_reaches_neither_loss_nor_statistics(make_recognizer, make_batch, share):
    has_audio = np.random.default_rng(0).random((8, 2)) < share
    losses, statistics = [], []
    for fill in (0.0, 1e4):
        model = make_recognizer()
        inputs, samples = make_batch(8, has_audio=has_audio)
        if share:
            inputs['audios'][torch.from_numpy(~has_audio)] = fill
        results = model(inputs, samples, mode='loss')
        total, _ = model.parse_losses(results)
        total.backward()
        assert all(p.grad is not None for p in model.parameters())  # no rank may wait
        losses.append({k: v.item() for k, v in results.items()})
        statistics.append(model.audio_backbone.stem[1].running_var.clone())
    assert losses[0] == losses[1]
    assert statistics[0].equal(statistics[1])
    assert np.isfinite(list(losses[0].values())).all()
    assert losses[0]['audio_share'] == pytest.approx(has_audio.mean())


def test_predict_averages_clips_and_leaves_out_silence(make_recognizer, make_batch):
    model = make_recognizer().eval()
    has_audio = np.ones((4, 3), bool)
    has_audio[1] = [True, False, False]
    has_audio[2] = False
    inputs, samples = make_batch(4, num_clips=3, has_audio=has_audio)
    with torch.no_grad():
        model(inputs, samples, mode='predict')
        h = model(inputs, samples, mode='tensor')
    assert samples[0].video_feat.allclose(h['video'][0].mean(dim=0))
    assert samples[1].audio_feat.allclose(h['audio'][1, 0])
    assert 'audio_feat' not in samples[2] and 'video_feat' in samples[2]
    assert samples[0].audio_embedding.norm().item() == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize('key,modality', [('imgs', 'video'), ('audios', 'audio')])
def test_one_modality_alone(make_recognizer, make_batch, key, modality):
    model = make_recognizer().eval()
    inputs, samples = make_batch(2)
    samples = model({key: inputs[key]}, samples, mode='predict')
    other = {'video': 'audio', 'audio': 'video'}[modality]
    assert f'{modality}_feat' in samples[0] and f'{other}_feat' not in samples[0]


def test_predict_answers_the_pretext_tasks(make_recognizer, make_batch):
    model = make_recognizer(test_cfg=dict(pretext=True)).eval()
    inputs, samples = make_batch(4)
    model(inputs, samples, mode='predict')
    answers, labels = samples[3].pretext['speed_v']
    assert labels.tolist() == samples[3].video_speed.tolist() and answers.shape == (2,)
    assert samples[0].pretext['order_vv'][0].shape == (1,)
    assert samples[0].pretext['order_va'][1].shape == (2,)


def test_gradient_accumulation_sums_the_micro_batches(make_recognizer, make_batch):
    model = make_recognizer()
    twin = copy.deepcopy(model)
    batches = [make_batch(4, seed=s, first_id=4 * s) for s in (0, 1)]
    for batch in batches:
        (model.parse_losses(model(*batch, mode='loss'))[0] / 2).backward()
    total = torch.zeros(())
    for batch in copy.deepcopy(batches):
        total = total + twin.parse_losses(twin(*batch, mode='loss'))[0] / 2
    total.backward()
    for p, q in zip(model.parameters(), twin.parameters()):
        assert p.grad.allclose(q.grad, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float16])
@pytest.mark.parametrize('foreign', [False, True])
def test_similarities_stay_float32_under_autocast(make_recognizer, make_batch, foreign, dtype):
    model = make_recognizer()
    if foreign:  # returns what it computes, in half precision
        model.neck, model.audio_neck = torch.nn.Linear(32, 8), torch.nn.Linear(32, 8)
    seen = []
    original = model.contrastive_head._query_losses

    def spy(queries, *args):
        loss, hit = original(queries, *args)
        seen.append((queries.dtype, loss.dtype, torch.is_autocast_enabled('cpu')))
        return loss, hit

    model.contrastive_head._query_losses = spy
    inputs, samples = make_batch(4, has_audio=[[True, False]] * 4)
    with torch.autocast('cpu', dtype=dtype):
        results = model(inputs, samples, mode='loss')
        model.add_features(model.extract_feat(inputs), inputs, samples)
    assert set(seen) == {(torch.float32, torch.float32, False)}
    assert {v.dtype for v in results.values()} == {torch.float32, torch.float64}
    assert all(v.isfinite().all() for v in results.values())
    assert samples[0].video_embedding.dtype == samples[0].video_feat.dtype == torch.float32


def test_neighbours_beyond_the_queue_are_refused(make_recognizer):
    head = dict(type='ContrastiveHead', negative_ranks=(5, 400))
    with pytest.raises(ValueError, match='rank 400.*16 entries'):
        make_recognizer(contrastive_head=head)


def test_channels_last_changes_nothing_but_the_layout(make_recognizer, make_batch):
    models = [make_recognizer(channels_last=channels_last) for channels_last in (False, True)]
    models[1].load_state_dict(models[0].state_dict())
    stem = [model.backbone.stem[0].weight for model in models]
    assert stem[0].is_contiguous() and not stem[1].is_contiguous()
    losses = [m.parse_losses(m(*make_batch(4), mode='loss'))[0].item() for m in models]
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)


def test_pretext_tasks_alone(make_recognizer, make_batch):
    model = make_recognizer(contrastive_head=None)  # the config's queue is then left out
    results = model(*make_batch(4), mode='loss')
    assert {k for k in results if 'loss' in k} == {f'loss_{n}' for n in NAMES}
    assert not len(model.queues)


def test_ddp_keeps_no_queue_that_a_step_has_replaced(make_recognizer, make_batch):
    model = make_recognizer()
    first = weakref.ref(model.queues['video'].features)
    dist.init_process_group('gloo', store=dist.HashStore(), rank=0, world_size=1)
    try:
        wrapped = torch.nn.parallel.DistributedDataParallel(model, broadcast_buffers=False)
        wrapped(*make_batch(4), mode='loss')
        gc.collect()
        assert first() is None
    finally:
        dist.destroy_process_group()
