#!/usr/bin/env bash
# Joins the answers in inventory/ into inventory/report.tsv. What was asked is on
# stdin: accounts and regions, and each account's number and count of buckets.
set -euo pipefail
cd inventory
asked=$(cat)

{
  printf 'account\tregion\tkind\tid\tsize\tstate\towner\n'
  jq --raw-output '.accounts[] as $a | .regions[] | "\($a)\t\(.)"' <<<"$asked" |
    while IFS=$'\t' read -r account region; do
      for kind in instances volumes; do
        file=$kind.$account.$region.json
        if [[ ! -s $file ]] || ! jq empty "$file" 2>/dev/null; then
          printf '%s\t%s\t%s\tNO ANSWER\t\t\t\n' "$account" "$region" "$kind"
          continue
        fi
        jq --raw-output --arg account "$account" --arg region "$region" '
          def owner: (.Tags // []) | map(select(.Key == "owner").Value) | first // "NOBODY";
          (.Reservations[]?.Instances[]?
            | [$account, $region, "instance", .InstanceId, .InstanceType, .State.Name, owner]),
          (.Volumes[]?
            | [$account, $region, "volume", .VolumeId, "\(.Size) GiB", .State, owner])
          | @tsv' "$file"
      done
    done
} >report.tsv.part
mv report.tsv.part report.tsv

jq --raw-output 'range(.accounts | length) as $i
  | "\(.accounts[$i]) is account \(.numbers[$i]), with \(.buckets[$i]) buckets"' <<<"$asked"
cat report.tsv
echo "$(grep -c 'NOBODY$' report.tsv || true) things nobody owns, $(grep -c 'NO ANSWER' report.tsv || true) questions without an answer"
