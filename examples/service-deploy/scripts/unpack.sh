#!/usr/bin/env bash
# Unpacks into releases/<version>, which is there whole or not at all.
set -euo pipefail
cd "${DEPLOY_ROOT:?is where the releases live}"
mkdir -p releases

part=$(mktemp -d releases/.unpack.XXXXXX)
trap 'rm -rf -- "$part"' EXIT
tar --extract --gzip --no-same-owner --file "$ARTIFACT" --directory "$part"

version=$(<"$part/VERSION")
if [[ ! $version =~ ^[0-9]+\.[0-9]+\.[0-9]+$ ]]; then
  printf '%s: VERSION holds %q, not a version such as 1.8.0\n' "$ARTIFACT" "$version" >&2
  exit 1
fi
release=releases/$version
if [[ -e $release ]]; then
  if [[ $(readlink current) == "$release" ]]; then
    echo "$version is already live" >&2
    exit 1
  fi
  rm -r -- "$release"                     # left by a deploy that was rolled back
fi
chmod 755 "$part"
mv -T -- "$part" "$release"
printf '%s' "$PWD/$release" >"$RUNBOOK_RUN_DIR/release"
echo "unpacked $version"
