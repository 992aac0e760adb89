#!/usr/bin/env bash
# Deletes old releases, never one that is in use or is the way back.
set -euo pipefail
cd "$DEPLOY_ROOT"

find releases -mindepth 1 -maxdepth 1 -type d -printf '%f\n' | sort --version-sort --reverse |
  tail -n +4 | while IFS= read -r version; do
    if [[ ! releases/$version -ef current && ! releases/$version -ef previous ]]; then
      rm -r -- "releases/$version"
      echo "deleted $version"
    fi
  done
