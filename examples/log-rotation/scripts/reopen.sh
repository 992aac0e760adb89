#!/usr/bin/env bash
set -euo pipefail
[[ -e $RUNBOOK_RUN_DIR/rotated ]] || exit 0
kill -HUP "$(cat "${LOG_PID_FILE:?holds the pid of the daemon}")"
