#!/usr/bin/env bash
# probe.sh NAME URL TEXT: fails unless URL answers 2xx with TEXT in the body. What
# is up is noted for the steps that count.
set -euo pipefail
name=$1 url=$2 text=$3

answer=$(curl --fail --silent --show-error --max-time 3 --write-out '\n%{time_total}' "$url")
took=${answer##*$'\n'}
body=${answer%$'\n'*}
if [[ $body != *"$text"* ]]; then
  printf '%s answers, but without %q: %.200s\n' "$url" "$text" "$body" >&2
  exit 1
fi
printf '%s s  %s\n' "$took" "$name" | tee "$RUNBOOK_RUN_DIR/up.$name"
