#!/bin/bash
# The steps of workflow/Containerfile, run in the folder of Dualscope.
#   install.sh packages   installs Debian's Snakemake and certificates; needs root
#   install.sh modules    installs packages of package-lock.json, except those for tests and the app's build
#   install.sh check      builds the command line, then reads, segments and plans
#   install.sh open       makes the working folder writable for any user
set -euo pipefail

case ${1:-} in
  packages)
    export DEBIAN_FRONTEND=noninteractive
    apt-get -qq update
    apt-get -qq install -y --no-install-recommends ca-certificates snakemake > /dev/null
    apt-get clean
    rm -rf /var/lib/apt/lists/*
    ;;
  modules)
    npm ci --omit=dev --no-audit --no-fund
    npm cache clean --force 2> /dev/null
    ;;
  check)
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    node bin/dualscope.mjs phantom --out "$work/slides" --slides 1 --width-mm 0.6 --height-mm 0.6 --mpp 2 2> /dev/null
    snakemake --snakefile workflow/Snakefile --profile workflow/profiles/local --cores 1 --directory "$work" --quiet all \
      --config slides="$work/slides" model=nano-single out="$work/cohort"
    test -s "$work/cohort/gallery/index.html"
    ;;
  open)
    mkdir -p .snakemake
    chmod 1777 .snakemake
    ;;
  *)
    echo 'install.sh: give a step: packages, modules, check, open.' >&2
    exit 2
    ;;
esac
