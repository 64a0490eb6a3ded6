#!/usr/bin/env bash
# Evaluate on machines of a Slurm cluster, started as in slurm_train.sh:
#   bash tools/slurm_test.sh PARTITION JOB_NAME CONFIG CHECKPOINT [flags of tools/test.py]
set -euo pipefail

if [[ $# -lt 4 ]]; then
    echo "error: expected PARTITION JOB_NAME CONFIG CHECKPOINT [flags], got: $*" >&2
    exit 2
fi
TOOL=test.py exec bash "$(dirname "$0")/slurm_train.sh" "$@"
