#!/usr/bin/env bash
set -euo pipefail

version=${RELEASE_VERSION:?is the version to release, such as 1.4.0}
if [[ ! $version =~ ^(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)$ ]]; then
  echo "$version is not a version such as 1.4.0" >&2
  exit 1
fi
if git rev-parse --quiet --verify "refs/tags/v$version" >/dev/null; then
  echo "v$version is already tagged" >&2
  exit 1
fi
last=$(git describe --tags --abbrev=0 --match 'v*' 2>/dev/null || echo v0.0.0)
if [[ $(printf '%s\n' "$last" "v$version" | sort --version-sort | tail -n 1) != "v$version" ]]; then
  echo "v$version would come before $last" >&2
  exit 1
fi
echo "$last -> v$version"
