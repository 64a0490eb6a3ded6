"""The output of every tiny video backbone of mmaction2 becomes features that can be trained."""

import pytest
import torch
from mmaction.registry import MODELS

from avtss_mm.models.recognizers.av_encoder import encode, pool

RESNET = dict(pretrained=None, depth=18, base_channels=8)
PATHWAY = dict(RESNET, type='resnet3d', conv1_kernel=(1, 7, 7))
VIT = dict(img_size=32, patch_size=16, embed_dims=24, num_heads=2, num_frames=8)
VIDEO_BACKBONES = {  # arguments by type, with a name behind the type where there are several
    'C2D': dict(depth=50),
    'C3D': dict(out_dim=2048),  # of 32 x 32 pixels
    'MViT': dict(
        arch=dict(embed_dims=8, num_layers=2, num_heads=1, downscale_indices=[1]),
        spatial_size=32,
        temporal_size=8,
    ),
    'OmniResNet': dict(layers=[1, 1, 1, 1]),
    'R2Plus1D': dict(stage_blocks=(1, 1, 1, 1), base_channels=4),
    'ResNet2Plus1d': dict(RESNET, pretrained2d=False, conv_cfg=dict(type='Conv2plus1d')),
    'ResNet3d': RESNET,
    'ResNet3dCSN': dict(RESNET, depth=50, pretrained2d=False),
    'ResNet3dSlowFast': dict(
        pretrained=None,
        resample_rate=4,
        speed_ratio=4,
        channel_ratio=4,
        slow_pathway=dict(PATHWAY, base_channels=16, lateral=True, fusion_kernel=5),
        fast_pathway=dict(PATHWAY, base_channels=4, lateral=False),
    ),
    'ResNet3dSlowOnly': RESNET,
    'SwinTransformer3D': dict(
        arch=dict(embed_dims=12, depths=[1, 1], num_heads=[1, 2]),
        pretrained2d=False,
        window_size=(4, 4, 4),
        out_indices=(1,),
    ),
    'TimeSformer': dict(VIT, num_transformer_layers=1),
    'UniFormer': dict(
        depth=[1, 1, 1, 1],
        img_size=32,
        embed_dim=[8, 16, 16, 32],
        head_dim=8,
        pretrained2d=False,
    ),
    'UniFormerV2': dict(
        input_resolution=32,
        width=24,
        layers=2,
        heads=2,
        return_list=[0, 1],
        n_layers=2,
        n_dim=24,
        n_head=2,
        clip_pretrained=False,
    ),
    'VisionTransformer': dict(VIT, depth=1),
    'VisionTransformer maps': dict(VIT, depth=1, return_feat_map=True),
    'X3D': dict(),
}


@pytest.mark.parametrize('name', VIDEO_BACKBONES)
def test_one_training_step(make_recognizer, make_batch, name):
    backbone = dict(VIDEO_BACKBONES[name], type=name.partition(' ')[0])
    inputs, samples = make_batch(2)
    if name == 'C3D':
        inputs['imgs'] = inputs['imgs'].repeat_interleave(2, dim=3)  # halves 16 frames four times
    make_recognizer()  # sets mmaction2's scope
    size = encode(MODELS.build(backbone), inputs['imgs']).shape[-1]
    clip = dict(type='ClipPretextHead', modality='video', in_channels=size, num_classes=4)
    model = make_recognizer(
        backbone=backbone,
        neck=dict(type='ProjectionNeck', in_channels=size, hidden_channels=24, out_channels=8),
        pretext_heads=dict(speed_v=dict(clip, label='video_speed')),
    ).train()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    before = {k: v.clone() for k, v in model.backbone.named_parameters()}
    losses = model(inputs, samples, mode='loss')
    sum(loss for key, loss in losses.items() if key.startswith('loss')).backward()
    optimizer.step()
    after = dict(model.backbone.named_parameters())
    assert any(not before[k].equal(v) for k, v in after.items())
    assert all(v.isfinite().all() for v in after.values())


def test_features_of_what_backbones_return():
    maps, token = torch.randn(2, 3, 4, 5, 5), torch.randn(2, 3)
    mean = maps.mean(dim=(2, 3, 4))
    torch.testing.assert_close(pool(maps), mean)
    torch.testing.assert_close(pool((maps, maps[:, :1])), torch.cat([mean, mean[:, :1]], dim=1))
    assert pool(token).equal(token) and pool((token,)).equal(token)
    assert pool([[maps, token]]).equal(token)  # as mmaction2's own head of MViT takes it
    assert pool([[maps, token], [maps, 2 * token]]).equal(torch.cat([token, 2 * token], dim=1))


@pytest.mark.parametrize(
    'backbone',
    [
        dict(type='ResNet', depth=18),
        dict(type='ResNetTSM', depth=18, pretrained2d=False),
        dict(type='MobileNetV2'),
    ],
    ids=lambda backbone: backbone['type'],
)
def test_backbone_of_images_says_what_it_lacks(make_recognizer, make_batch, backbone):
    model = make_recognizer(backbone=backbone)
    with pytest.raises(ValueError, match=rf'^{backbone["type"]} takes images \(N, 3, H, W\)'):
        model(*make_batch(2), mode='loss')


def one_head(kind, in_channels=16, **arguments):
    return dict(pretext_heads=dict(any=dict(arguments, type=kind, in_channels=in_channels)))


@pytest.mark.parametrize('part', ['neck', 'ClipPretextHead', 'ClipOrderHead'])
def test_another_size_of_feature_is_named(make_recognizer, make_batch, part):
    overrides = dict(  # the backbones give 32 channels each
        neck=dict(neck=dict(type='ProjectionNeck', in_channels=16, out_channels=8)),
        ClipPretextHead=one_head(part, modality='video', label='video_speed', num_classes=4),
        ClipOrderHead=one_head(part, modalities=('video', 'audio'), in_channels=(16, 32)),
    )[part]
    sizes = r'=48, .* have 64 ' if part == 'ClipOrderHead' else '=16, .* have 32 '
    with pytest.raises(ValueError, match=f'in_channels{sizes}channels: set its in_channels'):
        make_recognizer(**overrides)(*make_batch(2), mode='loss')
