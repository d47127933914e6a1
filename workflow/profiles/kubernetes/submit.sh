#!/bin/bash
# Submits a Snakemake job to Kubernetes and prints the Job's name.
#   submit.sh CPUS MEGABYTES MINUTES GPUS RULE WILDCARDS... SCRIPT
set -euo pipefail

script=${*: -1}
here=$(dirname -- "$0")
node "$here/job.mjs" "$1" "$2" "$3" "$4" "$5" "$(realpath -- "$script")" | kubectl create --filename=- --output='jsonpath={.metadata.name}'
