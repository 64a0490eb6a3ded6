#!/usr/bin/env bash
# Train on machines of a Slurm cluster, a process for each GPU:
#   bash tools/slurm_train.sh PARTITION JOB_NAME CONFIG [flags of tools/train.py]
# GPUS, GPUS_PER_NODE and CPUS_PER_TASK change the size of the job (8, 8, 5).
# SRUN_ARGS are further flags of srun.
set -euo pipefail

if [[ $# -lt 3 ]]; then
    echo "error: expected PARTITION JOB_NAME CONFIG [flags], got: $*" >&2
    exit 2
fi
gpus=${GPUS:-8}
gpus_per_node=${GPUS_PER_NODE:-$((gpus < 8 ? gpus : 8))}
export MASTER_PORT=${PORT:-$((20000 + RANDOM % 20000))}
read -ra more <<<"${SRUN_ARGS:-}"
exec srun --partition "$1" --job-name "$2" \
    --ntasks "$gpus" --ntasks-per-node "$gpus_per_node" --gres "gpu:$gpus_per_node" \
    --cpus-per-task "${CPUS_PER_TASK:-5}" --kill-on-bad-exit=1 ${more[@]+"${more[@]}"} \
    python -u "$(dirname "$0")/${TOOL:-train.py}" "$3" --launcher slurm "${@:4}"
