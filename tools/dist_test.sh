#!/usr/bin/env bash
# Evaluate with several processes, started as in dist_train.sh:
#   bash tools/dist_test.sh CONFIG CHECKPOINT PROCESSES [flags of tools/test.py]
set -euo pipefail

if [[ $# -lt 3 ]]; then
    echo "error: expected CONFIG CHECKPOINT PROCESSES [flags], got: $*" >&2
    exit 2
fi
TOOL=test.py exec bash "$(dirname "$0")/dist_train.sh" "$1" "$3" "$2" "${@:4}"
