#!/usr/bin/env bash
# The version first: a service that has not switched is well too.
set -euo pipefail

got=$(curl --fail --silent --show-error --max-time 2 "$URL/version")
if [[ $got != "$1" ]]; then
  echo "$URL still serves $got" >&2
  exit 1
fi
curl --fail --silent --show-error --max-time 2 "$URL/healthz"
