#!/usr/bin/env bash
# work.sh --vacuum HOST or --reindex HOST: PostgreSQL's own tools, on all databases.
set -euo pipefail

case $1 in
  --vacuum) vacuumdb --all --analyze --host="$2" ;;
  --reindex) reindexdb --all --concurrently --host="$2" ;;
  *) echo "unknown work $1" >&2; exit 2 ;;
esac
