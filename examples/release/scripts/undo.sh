#!/usr/bin/env bash
# Takes away what this run made here. What the remote has is never touched: if
# the push went through in spite of its error, the release is out and stays.
set -euo pipefail
cd "$(git rev-parse --show-toplevel)"

if [[ ! -e $RUNBOOK_RUN_DIR/head ]]; then
  echo "nothing to undo"
  exit 0
fi
if ! published=$(git ls-remote origin "refs/tags/v$RELEASE_VERSION"); then
  echo "cannot ask origin whether v$RELEASE_VERSION is out; undo by hand if it is not" >&2
  exit 1
fi
if [[ $published ]]; then
  echo "v$RELEASE_VERSION is on origin: left as it is"
  exit 0
fi
if git rev-parse --quiet --verify "refs/tags/v$RELEASE_VERSION" >/dev/null; then
  git tag --delete "v$RELEASE_VERSION"
fi
git reset --quiet --hard "$(<"$RUNBOOK_RUN_DIR/head")"   # the tree was clean at that commit
rm -f -- dist/*-"$RELEASE_VERSION".tar.gz*
echo "back at $(git log -1 --format='%h %s')"
