#!/bin/bash
# Submits a Snakemake job to Slurm and prints its number.
#   submit.sh CPUS MEGABYTES MINUTES GPUS RULE WILDCARDS... SCRIPT
set -euo pipefail

cpus=$1 megabytes=$2 minutes=$3 gpus=$4 rule=$5
script=${*: -1}
name="dualscope.$rule.${6#*=}"
logs=.snakemake/slurm
mkdir -p "$logs"

words=(--parsable --job-name="$name" --nodes=1 --ntasks=1 --cpus-per-task="$cpus" --mem="${megabytes}M" --time="$minutes")
[[ $gpus == 0 ]] || words+=(--gpus="$gpus")
# A resubmitted job resumes where it stopped. Snakemake counts the attempts, so Slurm must not requeue.
answer=$(sbatch "${words[@]}" --no-requeue --output="$logs/%j.log" "$script")
echo "${answer%%;*}"
