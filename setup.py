"""Build of avtss-mm: the package, with its configs and tools where mmengine looks for them.

``_base_ = 'avtss_mm::pretrain/...'`` is read from ``avtss_mm/.mim/configs``. An installed wheel has
copies there; an editable install has links into the checkout.
"""

import os
import shutil
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).parent
EXPORT = ['onnx', 'onnxruntime', 'onnxscript']
REMOTE = ['fsspec', 's3fs', 'aiohttp']
MILVUS = ['pymilvus', 'milvus-lite', 'grpcio']
RAY = ['ray>=2.52']
HASHES = ['imagehash']
SHIPPED = ('configs', 'tools', 'model-index.yml')


class BuildWithConfigs(build_py):
    """Put what ``SHIPPED`` names into ``avtss_mm/.mim``."""

    def run(self):
        super().run()
        base = ROOT if self.editable_mode else Path(self.build_lib)
        mim = base / 'avtss_mm' / '.mim'
        shutil.rmtree(mim, ignore_errors=True)
        mim.mkdir(parents=True)
        for name in SHIPPED:
            if self.editable_mode:
                (mim / name).symlink_to(os.path.join('..', '..', name))
            elif (ROOT / name).is_dir():
                # campaigns of faults are for a checkout
                ignored = shutil.ignore_patterns('__pycache__', 'faults')
                shutil.copytree(ROOT / name, mim / name, ignore=ignored)
            else:
                shutil.copy2(ROOT / name, mim / name)


def read_version():
    scope = {}
    exec((ROOT / 'avtss_mm' / 'version.py').read_text(), scope)
    return scope['__version__']


setup(
    name='avtss-mm',
    version=read_version(),
    description='Audio-visual contrastive learning with temporal self-supervision, for mmaction2',
    long_description=(ROOT / 'README.md').read_text(encoding='utf-8'),
    long_description_content_type='text/markdown',
    license='Apache-2.0',
    license_files=['LICENSE'],
    packages=find_packages(include=['avtss_mm', 'avtss_mm.*']),
    package_data={
        'avtss_mm.fingerprint': ['background_clips/*'],
        'avtss_mm.fingerprint.page': ['templates/*'],
        'avtss_mm.checkpoints': ['shipped/*'],
    },
    entry_points={'console_scripts': ['avtss-fp = avtss_mm.fingerprint.cli:main']},
    python_requires='>=3.10,<3.15',  # 3.15 has not been tried
    install_requires=[
        'torch>=2.6',  # before, torch.load(weights_only=True) could run code (CVE-2025-32434)
        'torchvision>=0.21',
        'torchaudio>=2.6',
        # mmaction2 needs mmcv>=2.0.1,<2.2: the full one if you have it, else the extra `lite`. The
        # two install the same package: naming one here would overwrite the other.
        'mmaction2>=1.2,<1.3',
        'mmengine>=0.10.7,<1',  # 0.10.5 does not import beside transformers and torch >= 2.5
        'importlib_metadata',  # mmaction2 imports it without requiring it
        'setuptools',  # mmengine imports distutils, which Python 3.12 dropped
        'numpy>=1.26,<3',
        'opencv-python',
        'opencv-contrib-python',
        # before 17, frames of an avi file may be placed one off; 19 dropped arguments of av.open
        'av>=17.1,<20',
        'faiss-cpu',
        'jinja2',
        'matplotlib',
        'packaging',
        'pillow',
        'pyarrow>=15',  # beside numpy 1, from 26 on it does not import
        'safetensors',
        'scikit-learn>=1.3',
        'scipy',
        'soxr',
        'tensorboard',
        'tqdm',
    ],
    extras_require={
        'lite': ['mmcv-lite>=2.0.1,<2.2'],
        # faster decoding; its version must fit torch's, and it needs a system FFmpeg to load
        'torchcodec': ['torchcodec'],
        'milvus': MILVUS,  # avtss-fp with an index in Milvus
        'ray': RAY,  # --engine ray: work on many files on a cluster
        'remote': REMOTE,  # media with URLs: S3 and HTTP
        'hashes': HASHES,  # perceptual hashes, which avtss-fp keeps beside the learned features
        'export': EXPORT,  # for tools/export_backbone.py --to onnx
        # librosa: the tests compare the log-mel with it
        'dev': [
            *EXPORT,
            *MILVUS,
            *RAY,
            *REMOTE,
            'bandit',
            'flask',  # with flask-cors: the S3 server of moto
            'flask-cors',
            *HASHES,
            'librosa>=0.10',
            'lmdb',
            'moto[s3]',
            'pre-commit',
            'psutil',
            'pytest',
            'pytest-timeout',
            'pytest-xdist',
            'ruff',
        ],
    },
    cmdclass={'build_py': BuildWithConfigs},
    zip_safe=False,
    classifiers=[
        'License :: OSI Approved :: Apache Software License',
        'Programming Language :: Python :: 3',
        'Topic :: Scientific/Engineering :: Artificial Intelligence',
    ],
)
