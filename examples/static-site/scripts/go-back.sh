#!/usr/bin/env bash
# Makes live/ what previous/ is. Without a finished copy of this run, previous/ is
# some older version, or half of one, and live/ was not touched.
set -euo pipefail

if [[ ! -e $RUNBOOK_RUN_DIR/previous-kept ]]; then
  echo "live was not touched"
  exit 0
fi
bucket=s3://www.example.com
aws s3 cp "$bucket/previous/" "$bucket/live/" --recursive --only-show-errors
aws s3 sync "$bucket/previous/" "$bucket/live/" --delete --size-only --only-show-errors
echo "live is the previous version again"
