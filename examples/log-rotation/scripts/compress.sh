#!/usr/bin/env bash
# Compresses what was renamed. A file goes only when its archive is whole, on
# disk and under its final name.
set -euo pipefail
shopt -s nullglob

for file in "$LOG_FILE".*Z; do
  part=$file.gz.part
  trap 'rm -f -- "$part"' EXIT
  gzip -c -- "$file" >"$part"
  gzip -t <"$part"
  touch -r "$file" -- "$part"
  sync -- "$part"
  mv -T -- "$part" "$file.gz"
  rm -- "$file"
  echo "compressed $file"
done
