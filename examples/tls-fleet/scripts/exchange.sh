#!/usr/bin/env bash
# exchange.sh next puts the new pair live and keeps the one before as previous;
# exchange.sh previous goes back to that. The rename over the link is atomic.
set -euo pipefail
cd "$DIR"

if [[ $1 == previous ]]; then
  [[ $(readlink live) == "$(readlink next)" ]] || { echo "live was not touched"; exit 0; }
else
  ln -sfn -- "$(readlink live)" previous
fi
ln -sfn -- "$(readlink "$1")" live.new
mv -T -- live.new live
kill -HUP "$(cat "$PID_FILE")"
echo "$NAME: live is $(readlink live)"
