#!/bin/bash
# Says what has become of a Slurm job, in Snakemake's words: running, success, failed.
set -uo pipefail

job=$1
answer=$(scontrol --oneliner show job "$job" 2>&1)
if [[ $answer =~ JobState=([A-Z_]+) ]]; then
  state=${BASH_REMATCH[1]}
elif [[ $answer == *"Invalid job id"* ]]; then
  # Too old for the controller's memory; clusters with accounting remember.
  state=$(sacct --noheader --parsable2 --allocations --format=State --jobs="$job" 2> /dev/null | head -n 1)
  state=${state%% *}
  state=${state:-LOST}
else
  # The controller does not answer: that says nothing of the job.
  state=UNKNOWN
fi

case $state in
  COMPLETED) echo success ;;
  PENDING | CONFIGURING | RUNNING | COMPLETING | SUSPENDED | REQUEUED | RESIZING | STAGE_OUT | SIGNALING | UNKNOWN) echo running ;;
  *) echo failed ;;
esac
