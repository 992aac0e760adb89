#!/usr/bin/env bash
# newest.sh FOLDER HOURS finds the newest backup, which must not be older.
set -euo pipefail
shopt -s nullglob
folder=$1 hours=$2

newest=
for dump in "$folder"/*.dump; do
  if [[ ! $newest || $dump -nt $newest ]]; then
    newest=$dump
  fi
done
if [[ ! $newest ]]; then
  echo "there is no backup in $folder" >&2
  exit 1
fi
if (($(date +%s) - $(stat -c %Y -- "$newest") > hours * 3600)); then
  echo "the newest backup, $newest, is older than $hours hours" >&2
  exit 1
fi
echo "dump=$newest" >>"$RUNBOOK_STEP_OUTPUT"
du -h -- "$newest"
