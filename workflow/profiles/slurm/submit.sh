#!/bin/bash
# Hands a job of Snakemake to Slurm and prints its number.
#   submit.sh CPUS MEGABYTES MINUTES GPUS RULE WILDCARDS... SCRIPT
set -euo pipefail

cpus=$1 megabytes=$2 minutes=$3 gpus=$4 rule=$5
script=${*: -1}
name="dualscope.$rule.${6#*=}"
logs=.snakemake/slurm
mkdir -p "$logs"

words=(--parsable --job-name="$name" --nodes=1 --ntasks=1 --cpus-per-task="$cpus" --mem="${megabytes}M" --time="$minutes")
[[ $gpus == 0 ]] || words+=(--gpus="$gpus")
# A requeued job goes on where it stopped; Snakemake counts tries itself.
answer=$(sbatch "${words[@]}" --no-requeue --output="$logs/%j.log" "$script")
echo "${answer%%;*}"
