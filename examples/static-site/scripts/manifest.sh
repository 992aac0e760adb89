#!/usr/bin/env bash
# Refuses a site that was not built to its end, and records every file's checksum.
set -euo pipefail

empty=$(find site -type f -empty)
if [[ ! -s site/index.html || $empty ]]; then
  printf 'site/ is not whole: no index.html, or empty files: %s\n' "$empty" >&2
  exit 1
fi
manifest=$RUNBOOK_RUN_DIR/manifest
(cd site && find . -type f -printf '%P\0' | sort -z | xargs -0 sha256sum --) >"$manifest"
echo "$(wc -l <"$manifest") files"
