#!/usr/bin/env bash
# Finds the newest backup and notes its path for the steps that follow.
set -euo pipefail
shopt -s nullglob
folder=${BACKUP_DIR:?is where the backups are}
hours=${BACKUP_MAX_AGE_HOURS:-26}

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
printf '%s' "$newest" >"$RUNBOOK_RUN_DIR/backup"
du -h -- "$newest"
