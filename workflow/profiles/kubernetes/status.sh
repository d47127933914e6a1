#!/bin/bash
# Prints the state of a Job in Snakemake's terms: running, success, failed.
set -uo pipefail

answer=$(kubectl get job "$1" --output='jsonpath={range .status.conditions[?(@.status=="True")]}{.type} {end}' 2>&1)
code=$?
case " $answer " in
  *' Complete '*) echo success ;;
  *' Failed '* | *NotFound*) echo failed ;;
  *)
    # Neither done nor failed. Or no answer, which says nothing about the job.
    ((code == 0)) || printf 'kubectl: %s\n' "$answer" >&2
    echo running
    ;;
esac
