#!/bin/bash
# Proves the workflow on a real Slurm: a controller and two node daemons on this machine, without systemd.
#
#   sudo workflow/slurm-proof.sh [FOLDER]
#
# Installs Debian's snakemake, slurm-wlm and munge if they are missing. Runs a cohort with the local profile, then on Slurm,
# where it cancels a running job, kills the run, runs it again, and once more. Exits with 0 if no finished work was repeated
# and both tables agree except for seconds. Takes some minutes; docs/scale.md shows its output.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$here")
work=$(realpath -m "${1:-$(mktemp -d)}")
[[ $work =~ ^[A-Za-z0-9/._-]+$ ]] || {
  echo 'slurm-proof: choose a folder whose path has letters, digits, dots and dashes only; slurm.conf has no quotes.' >&2
  exit 2
}
mkdir -p "$work"
daemons=()

say() { printf '\n== %s\n' "$*"; }
fail() {
  printf 'slurm-proof: %s\n' "$*" >&2
  exit 1
}
# Waits until a command succeeds. until_true SECONDS WHAT COMMAND...
until_true() {
  local end=$((SECONDS + $1)) what=$2
  shift 2
  until "$@" > /dev/null 2>&1; do
    ((SECONDS < end)) || fail "timed out waiting for $what"
    sleep 0.2
  done
}
stop() {
  scancel --user=root > /dev/null 2>&1 || true
  ((${#daemons[@]} == 0)) || kill "${daemons[@]}" 2> /dev/null || true
  wait
}
trap stop EXIT

[[ $(id -u) == 0 ]] || fail 'run it as root: Slurm requires that.'

say 'Packages'
missing=()
for package in snakemake slurm-wlm munge; do
  dpkg-query --show --showformat='${db:Status-Status}' "$package" 2> /dev/null | grep -q '^installed$' || missing+=("$package")
done
if ((${#missing[@]} > 0)); then
  apt-get -qq update
  DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "${missing[@]}" > "$work/apt.log"
fi
dpkg-query --show snakemake slurm-wlm munge

say 'Slurm'
if ! munge --no-input > /dev/null 2>&1; then
  install -d -o munge -g munge -m 755 /run/munge
  runuser -u munge -- munged --foreground > "$work/munged.log" 2>&1 &
  daemons+=($!)
  until_true 20 munged munge --no-input
fi
export SLURM_CONF="$work/slurm.conf"
sed "s|@WORK@|$work|g; s|@HOST@|$(hostname)|g" "$here/slurm-proof.conf" > "$SLURM_CONF"
mkdir -p "$work/state" "$work/spool.one" "$work/spool.two"
slurmctld -D > "$work/slurmctld.log" 2>&1 &
daemons+=($!)
for node in one two; do
  slurmd -D -N "$node" > "$work/slurmd.$node.log" 2>&1 &
  daemons+=($!)
done
idle() { [[ $(sinfo --noheader --Node --format='%T' | sort | uniq -c | tr -d ' ') == 2idle ]]; }
until_true 60 'two idle nodes' idle
sinfo --Node --format='%N %c cores %m MB %T'

say 'Slides'
slides=$work/slides
node "$root/bin/dualscope.mjs" phantom --out "$slides" --slides 15 --seed 500 --width-mm 1 --height-mm 0.8 --mpp 2 2> /dev/null | wc -l
for file in "$root"/public/slides/*.{svs,tif} "$root"/../shared/data/slides/{aperio-imagescope,ome,dicom-gcp}/*.{svs,tif,dicom}; do
  [[ -e $file ]] || continue
  # One folder each, because a folder of DICOM files counts as one slide.
  mkdir -p "$slides/$(basename "$file").d"
  ln -sf "$(realpath "$file")" "$slides/$(basename "$file").d/"
done
echo 'This is no slide.' > "$slides/broken.svs"

cat > "$work/cohort.yaml" << END
slides: $slides
model: nano-single
quality: fast
resources: {cpus: 1, mem_mb: 1000, minutes: 30, gpus: 0}
END
cohort() {
  local profile=$1 out=$2
  shift 2
  snakemake --snakefile "$here/Snakefile" --profile "$here/profiles/$profile" --directory "$work" "$@" \
    --configfile "$work/cohort.yaml" --config out="$out"
}
# Snakemake's output without that of each job.
brief() { grep -E '^(Cohort:|  [a-z]+: |Nothing to be done|[0-9]+ of [0-9]+ steps)' "$1" | awk '/steps/ { last = $0; next } { print } END { if (last) print last }'; }

say 'Local profile'
began=$SECONDS
cohort local "$work/local" > "$work/local.log" 2>&1 && fail 'the broken slide should make the run fail'
brief "$work/local.log"
echo "$((SECONDS - began)) s"

say 'Slurm: a running job is cancelled, then the run is killed'
on_slurm=(slurm "$work/slurm" --restart-times 0 --latency-wait 10)
began=$SECONDS
cohort "${on_slurm[@]}" > "$work/slurm-1.log" 2>&1 &
run=$!
big() { squeue --noheader --format='%i %j' | awk '/phantom-1-/ { print $1 }'; }
is_queued() { [[ -n $(big) ]]; }
until_true 120 'the job of the largest slide' is_queued
job=$(big)
scontrol update JobId="$job" Priority=4000000000
journal() { find "$work/slurm/slides" -path '*phantom-1-*' -name '*.slices' -size +40k | grep -q .; }
until_true 240 'some slices of the largest slide' journal
squeue --states=RUNNING --format='%i %j %T %N'
echo "scancel $job"
scancel "$job"
done_slides() { find "$work/slurm/slides" -name outcome.json -exec grep -l '"status": "done"' {} + | wc -l; }
eight_done() { (($(done_slides) >= 8)); }
until_true 300 'eight slides' eight_done
# Snakemake itself, not the shell around it.
kill -KILL "$(pgrep --parent "$run" --full snakemake | head -n 1)" 2> /dev/null || kill -KILL "$run"
wait "$run" 2> /dev/null || true
echo "killed with $(done_slides) slides done and $(squeue --noheader | wc -l) jobs in the queue, after $((SECONDS - began)) s"
# Finished maps: file, inode and time.
maps() { find "$work/slurm/slides" -name '*.classes.tif' -printf '%P %i %T@\n' | sort; }
maps > "$work/maps-1"
stopped=$(find "$work/slurm/slides" -path '*phantom-1-*' -name outcome.json -exec cat {} + | grep -o '"error": "[^"]*"')
echo "the cancelled slide's outcome: ${stopped#*: }"

say 'Slurm: run again'
began=$SECONDS
cohort "${on_slurm[@]}" --unlock > /dev/null 2>&1
cohort "${on_slurm[@]}" > "$work/slurm-2.log" 2>&1 && fail 'the broken slide should make the run fail'
brief "$work/slurm-2.log"
echo "$((SECONDS - began)) s"
grep -h 'computed now' "$work"/slurm/logs/phantom-1-*.log | sed 's/^[^ ]* /the cancelled slide: /'
maps > "$work/maps-2"

say 'Slurm: run once more'
cohort "${on_slurm[@]}" > "$work/slurm-3.log" 2>&1 && fail 'the broken slide should make the run fail'
brief "$work/slurm-3.log"
maps > "$work/maps-3"

say 'Result'
failed=0
check() {
  local what=$1
  shift
  if "$@"; then echo "yes: $what"; else echo "NO:  $what" && failed=1; fi
}
kept() { [[ -z $(comm -23 "$1" "$2") ]]; }
table() { python3 "$here/without-seconds.py" "$work/$1/cohort.csv"; }
same_table() { diff <(table local) <(table slurm); }
one_job() { [[ $(grep -c 'Submitted job' "$work/slurm-3.log") == 1 ]]; }
enough() { (($(wc -l < "$work/slurm/cohort.csv") > 20)); }
check "at least 20 slides ($(($(wc -l < "$work/slurm/cohort.csv") - 1)))" enough
check "the $(wc -l < "$work/maps-1") maps that were complete when the run was killed are the same files after the next run" kept "$work/maps-1" "$work/maps-2"
check "the $(wc -l < "$work/maps-2") maps of that run are the same files after the third" kept "$work/maps-2" "$work/maps-3"
check 'the third run had a single job, the broken slide' one_job
check 'the same table as with the local profile, except for seconds' same_table
exit "$failed"
