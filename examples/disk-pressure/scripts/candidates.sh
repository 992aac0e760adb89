#!/usr/bin/env bash
# Writes the list of files to delete: by policy, oldest first, as many as it
# takes to come down to the target.
set -euo pipefail
. "$(dirname "$0")/settings.sh"
: >"$list"

# Deleting an open file frees nothing until its process ends, and takes a log
# away from whoever is about to read it.
declare -A open
while IFS= read -r -d '' path; do
  open[$path]=1
done < <(find /proc/[0-9]*/fd -type l -lname "$root/*" -printf '%l\0' 2>/dev/null || true)

# A hard-linked file frees nothing either: -links 1.
by_policy() {
  local folder pattern days
  while IFS=$'\t' read -r folder pattern days; do
    [[ $folder == '' || $folder == '#'* ]] && continue
    [[ -d $root/$folder ]] || continue
    find "$root/$folder" -xdev -type f -links 1 -name "$pattern" \
      -mmin "+$((days * 1440))" -printf '%T@\t%k\t%p\0'
  done <policy.tsv
}

need=$(($(used_kib) - target_mib * 1024))
found=0 count=0 busy=0
while ((found < need)) && IFS=$'\t' read -r -d '' _ kib path; do
  if [[ ${open[$path]-} ]]; then
    busy=$((busy + 1))
    continue
  fi
  printf '%s\t%s\0' "$kib" "$path" >>"$list"
  printf '%8d KiB  %q\n' "$kib" "$path"
  found=$((found + kib)) count=$((count + 1))
done < <(by_policy | sort -zu | sort -zn)

echo "files=$count" >>"$RUNBOOK_STEP_OUTPUT"
echo "mib=$((found / 1024))" >>"$RUNBOOK_STEP_OUTPUT"
echo "$count files, $((found / 1024)) of the $((need / 1024)) MiB to free; $busy in use and left alone"
