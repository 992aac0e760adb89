#!/usr/bin/env bash
# Points live at the new version and previous at what live was. A rename over
# the link is atomic: at no moment is there no certificate.
set -euo pipefail
cd "$TLS_DIR"

point() { # LINK TARGET
  ln -sfn -- "$2" "$1.new"
  mv -T -- "$1.new" "$1"
}

if [[ -L live ]]; then
  point previous "$(readlink live)"
fi
point live "versions/$RUNBOOK_RUN_ID"
ls -l live previous 2>/dev/null || true
