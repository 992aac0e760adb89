#!/usr/bin/env bash
# Joins the answers of the regions named as arguments into inventory/report.tsv.
set -euo pipefail
cd inventory

{
  printf 'region\tkind\tid\tsize\tstate\towner\n'
  for region in "$@"; do
    for kind in instances volumes; do
      if [[ ! -s $kind.$region.json ]] || ! jq empty "$kind.$region.json" 2>/dev/null; then
        printf '%s\t%s\tNO ANSWER\t\t\t\n' "$region" "$kind"
      fi
    done
    jq -r --arg region "$region" '
      .Reservations[]?.Instances[]?
      | [$region, "instance", .InstanceId, .InstanceType, .State.Name,
         ((.Tags // []) | map(select(.Key == "owner").Value) | first // "NOBODY")]
      | @tsv' "instances.$region.json" 2>/dev/null || true
    jq -r --arg region "$region" '
      .Volumes[]?
      | [$region, "volume", .VolumeId, "\(.Size) GiB", .State,
         ((.Tags // []) | map(select(.Key == "owner").Value) | first // "NOBODY")]
      | @tsv' "volumes.$region.json" 2>/dev/null || true
  done
} >report.tsv.part
mv report.tsv.part report.tsv

echo "account $(jq -r .Account account.json), $(jq '.Buckets | length' buckets.json) buckets"
cat report.tsv
echo "$(grep -c 'NOBODY$' report.tsv || true) things nobody owns, $(grep -c 'NO ANSWER' report.tsv || true) questions without an answer"
