#!/usr/bin/env bash
# Deletes every version but those that live and previous point to.
set -euo pipefail
cd "$TLS_DIR"

for version in versions/*/; do
  version=${version%/}
  [[ -d $version ]] || continue
  if [[ ! $version -ef live && ! $version -ef previous ]]; then
    rm -r -- "$version"
    echo "deleted $version"
  fi
done
