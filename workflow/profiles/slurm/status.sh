#!/bin/bash
# Prints the state of a Slurm job in Snakemake's terms: running, success, failed.
set -uo pipefail

job=$1
answer=$(scontrol --oneliner show job "$job" 2>&1)
if [[ $answer =~ JobState=([A-Z_]+) ]]; then
  state=${BASH_REMATCH[1]}
elif [[ $answer == *"Invalid job id"* ]]; then
  # The controller has forgotten the job; clusters with accounting still know it.
  state=$(sacct --noheader --parsable2 --allocations --format=State --jobs="$job" 2> /dev/null | head -n 1)
  state=${state%% *}
  state=${state:-LOST}
else
  # The controller does not answer, which says nothing about the job.
  state=UNKNOWN
fi

case $state in
  COMPLETED) echo success ;;
  PENDING | CONFIGURING | RUNNING | COMPLETING | SUSPENDED | REQUEUED | RESIZING | STAGE_OUT | SIGNALING | UNKNOWN) echo running ;;
  *) echo failed ;;
esac
