#!/usr/bin/env bash
# Puts a section for this version on top of CHANGELOG.md, below its heading.
set -euo pipefail
cd "$(git rev-parse --show-toplevel)"

last=$(git describe --tags --abbrev=0 --match 'v*' 2>/dev/null || true)
changes=$(git log --no-merges --reverse --format='- %s' "${last:+$last..}HEAD")
if [[ ! $changes ]]; then
  echo "nothing was committed since $last" >&2
  exit 1
fi

section="## $RELEASE_VERSION ($(date -u +%Y-%m-%d))"
{
  printf '# Changelog\n\n%s\n\n%s\n' "$section" "$changes"
  if [[ -e CHANGELOG.md ]]; then
    tail -n +2 CHANGELOG.md
  fi
} >CHANGELOG.md.new
mv CHANGELOG.md.new CHANGELOG.md
printf '%s\n%s\n' "$section" "$changes"
