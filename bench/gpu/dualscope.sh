#!/bin/sh
# Runs the packed command line, for example: sh dualscope.sh train --config C --data D --out O --backend webgpu
. "$(dirname "$0")/setup.sh"
exec "$work/node" "$work/build/cli/main.js" "$@"
