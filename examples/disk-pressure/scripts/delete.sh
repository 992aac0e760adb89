#!/usr/bin/env bash
# Deletes what is on the list. Time has passed since it was written, so every
# entry is looked at again: it must still be a regular file inside the tree.
set -euo pipefail
. "$(dirname "$0")/settings.sh"

deleted=0 freed=0
while IFS=$'\t' read -r -d '' kib path; do
  real=$(realpath -e -- "$path" 2>/dev/null) || continue   # gone already
  if [[ -L $path || ! -f $path || $real != "$root"/* ]]; then
    printf 'refused: %q is no longer a file inside %s\n' "$path" "$root" >&2
    exit 1
  fi
  rm -- "$path"
  deleted=$((deleted + 1)) freed=$((freed + kib))
done <"$list"

echo "deleted $deleted files, $((freed / 1024)) MiB"
