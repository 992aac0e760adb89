#!/usr/bin/env bash
# Points current at the new release and previous at the one it replaces. The
# rename over the link is atomic.
set -euo pipefail
cd "$DEPLOY_ROOT"
release=releases/$(basename "$(<"$RUNBOOK_RUN_DIR/release")")

if [[ -L current ]]; then
  ln -sfn -- "$(readlink current)" previous
fi
ln -sfn -- "$release" current.new
mv -T -- current.new current
touch "$RUNBOOK_RUN_DIR/switched"
echo "current is $release"
