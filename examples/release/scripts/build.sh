#!/usr/bin/env bash
# Packs the tag into dist/, with a checksum beside it. git takes the times from
# the commit, and gzip -n puts in none, so anyone can build it again and compare.
set -euo pipefail
cd "$(git rev-parse --show-toplevel)"

name=$(basename "$PWD")-$RELEASE_VERSION
mkdir -p dist
git archive --format=tar --prefix="$name/" "v$RELEASE_VERSION" | gzip -n >"dist/$name.tar.gz"
cd dist
sha256sum "$name.tar.gz" | tee "$name.tar.gz.sha256"
