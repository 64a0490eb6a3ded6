#!/usr/bin/env bash
# Train with several processes, one a GPU (or, without GPUs, on the CPU):
#   bash tools/dist_train.sh CONFIG PROCESSES [flags of tools/train.py]
# Several machines: set NNODES, NODE_RANK, MASTER_ADDR and PORT.
set -euo pipefail

python -m torch.distributed.run \
    --nnodes "${NNODES:-1}" --node_rank "${NODE_RANK:-0}" \
    --master_addr "${MASTER_ADDR:-127.0.0.1}" --master_port "${PORT:-29500}" \
    --nproc_per_node "$2" \
    "$(dirname "$0")/${TOOL:-train.py}" "$1" --launcher pytorch "${@:3}"
