#!/usr/bin/env bash
# Points current back at the release before, if this run had switched.
set -euo pipefail
cd "$DEPLOY_ROOT"

if [[ ! -e $RUNBOOK_RUN_DIR/switched ]]; then
  echo "current was not touched"
  exit 0
fi
if [[ ! -L previous ]]; then
  echo "this was the first release: there is none to go back to" >&2
  exit 1
fi
ln -sfn -- "$(readlink previous)" current.new
mv -T -- current.new current
echo "current is $(readlink current) again"
