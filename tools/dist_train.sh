#!/usr/bin/env bash
# Train with several processes, one a GPU (or, without GPUs, on the CPU):
#   bash tools/dist_train.sh CONFIG PROCESSES [flags of tools/train.py]
# Several machines: set NNODES, NODE_RANK, MASTER_ADDR and PORT.
set -euo pipefail

if [[ $# -lt 2 || ! $2 =~ ^[1-9][0-9]*$ ]]; then
    echo "error: expected CONFIG PROCESSES [flags], got: $*" >&2
    exit 2
fi
port=${PORT:-$([[ ${NNODES:-1} == 1 ]] && echo 0 || echo 29500)} # 0: any that is free
if [[ ${NODE_RANK:-0} == 0 ]]; then
    port=$(python -c '
import socket, sys
listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
try:
    listener.bind(("", int(sys.argv[1])))
except (OSError, OverflowError, ValueError) as error:
    sys.exit(f"error: PORT {sys.argv[1]} cannot be used ({error}): set another one")
print(listener.getsockname()[1])' "$port")
fi
python -m torch.distributed.run \
    --nnodes "${NNODES:-1}" --node_rank "${NODE_RANK:-0}" \
    --master_addr "${MASTER_ADDR:-127.0.0.1}" --master_port "$port" \
    --nproc_per_node "$2" \
    "$(dirname "$0")/${TOOL:-train.py}" "$1" --launcher pytorch "${@:3}"
