#!/usr/bin/env bash
# One line a node, from the list of instances on stdin.
set -euo pipefail

jq --raw-output '.[] | "\(.item)\t" +
  ({completed: "drained", skipped: "was drained before"}[.status] // "NOT DRAINED, takes work again")'
