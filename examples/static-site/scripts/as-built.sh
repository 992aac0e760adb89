#!/usr/bin/env bash
# Fetches the whole site as a visitor would and compares it with what was built.
set -euo pipefail
base=${SITE_URL:?is the public address of the site}
got=$RUNBOOK_RUN_DIR/got

rm -rf -- "$got"
mkdir -p -- "$got"
while read -r _ path; do
  curl --fail --silent --show-error --max-time 20 --create-dirs --output "$got/$path" "${base%/}/$path"
done <"$RUNBOOK_RUN_DIR/manifest"
cd "$got"
sha256sum --check --quiet "$RUNBOOK_RUN_DIR/manifest"
echo "$base is what was built"
