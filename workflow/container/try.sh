#!/bin/bash
# Runs workflow/Containerfile in a folder instead of a container: the same copies and commands in the same order.
#   workflow/container/try.sh [--with-packages]      installs Debian's packages too; needs root
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

while read -r word rest; do
  case $word in
    COPY)
      read -ra paths <<< "$rest"
      target=${paths[-1]}
      unset 'paths[-1]'
      [[ $target != */ ]] || mkdir -p "$target"
      for path in "${paths[@]}"; do
        # COPY takes the contents of a folder.
        if [[ -d $root/$path ]]; then mkdir -p "$target" && cp -R "$root/$path/." "$target"; else cp "$root/$path" "$target"; fi
      done
      echo "copied ${paths[*]}"
      ;;
    RUN)
      step=$(sed -E 's/.*"([a-z]+)"\]$/\1/' <<< "$rest")
      if [[ $step == packages && ${1:-} != --with-packages ]]; then
        echo 'packages: skipped'
        continue
      fi
      began=$SECONDS
      bash workflow/container/install.sh "$step"
      echo "$step: $((SECONDS - began)) s"
      ;;
  esac
done < "$root/workflow/Containerfile"
du -sh . | cut -f 1
