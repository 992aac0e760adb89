#!/usr/bin/env bash
# switch.sh RELEASE points ROOT/current at a release that is there already and
# has the service read it; switch.sh --back points it at what it was before.
set -euo pipefail
cd "${ROOT:?is where the releases live}"
now=$(readlink current)

if [[ $1 == --back ]]; then
  target=$(readlink previous || echo "$now")
else
  target=releases/$1
  if [[ ! -d $target ]]; then
    echo "$ROOT/$target is not there" >&2
    exit 1
  fi
  if [[ $now != "$target" ]]; then        # a second time, previous stays what it was
    ln -sfn -- "$now" previous
  fi
  echo "was=$(basename "$(readlink previous)")" >>"$RUNBOOK_STEP_OUTPUT"
fi
ln -sfn -- "$target" current.new
mv -T -- current.new current
kill -HUP "$(cat "${PID_FILE:?holds the pid of the service}")"
echo "current is $target"
