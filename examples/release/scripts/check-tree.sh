#!/usr/bin/env bash
# What is released must be what everyone can see.
set -euo pipefail

branch=$(git symbolic-ref --quiet --short HEAD || echo "no branch")
if [[ $branch != main ]]; then
  echo "on $branch, releases are made from main" >&2
  exit 1
fi
if [[ $(git status --porcelain) ]]; then
  git status --short >&2
  echo "the working tree is not clean" >&2
  exit 1
fi
git fetch --quiet --tags origin main
if [[ $(git rev-parse HEAD) != $(git rev-parse FETCH_HEAD) ]]; then
  echo "main is not what origin has" >&2
  exit 1
fi
git rev-parse HEAD >"$RUNBOOK_RUN_DIR/head"
