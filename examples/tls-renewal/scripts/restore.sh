#!/usr/bin/env bash
# Back to the previous certificate, if this run got as far as replacing it.
set -euo pipefail
cd "$TLS_DIR"

if [[ $(readlink live) != "versions/$RUNBOOK_RUN_ID" ]]; then
  echo "live was not touched"
  exit 0
fi
if [[ ! -e previous/cert.pem ]]; then
  echo "there is no previous certificate to go back to; live stays on the new one" >&2
  exit 1
fi
ln -sfn -- "$(readlink previous)" live.new
mv -T -- live.new live
kill -HUP "$(cat "$TLS_PID_FILE")"
echo "live is $(readlink live) again"
