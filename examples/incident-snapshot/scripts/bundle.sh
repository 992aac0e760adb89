#!/usr/bin/env bash
# Packs whatever there is. Its name says when and where.
set -euo pipefail
folder=${SNAPSHOT_DIR:?is where the snapshot goes}
name=snapshot-$(uname -n)-$(date -u +%Y%m%dT%H%M%SZ)

umask 077
mkdir -p -- "$folder"
cd "$RUNBOOK_RUN_DIR"
tar --create --gzip --file "$folder/$name.tar.gz.part" --transform "s,^,$name/," -- *.txt
mv -- "$folder/$name.tar.gz.part" "$folder/$name.tar.gz"
echo "$folder/$name.tar.gz"
