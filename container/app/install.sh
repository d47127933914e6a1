#!/bin/bash
# The steps of container/app/Containerfile, run in the folder of Dualscope.
#   install.sh modules   installs what package-lock.json names
#   install.sh build     builds the app and its server to image/
set -euo pipefail

case ${1:-} in
  modules)
    npm ci --no-audit --no-fund
    ;;
  build)
    rm -rf image
    node node_modules/vite/bin/vite.js build --outDir image/dist --logLevel warn
    node scripts/build-server.mjs image/scripts/start.mjs
    test -s image/dist/models/index.json
    ;;
  *)
    echo 'install.sh: give a step: modules, build.' >&2
    exit 2
    ;;
esac
