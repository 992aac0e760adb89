#!/usr/bin/env bash
# For the person who takes over: the largest files, and deleted files that a
# process still holds, which only a restart of that process gives back.
set -euo pipefail
. "$(dirname "$0")/settings.sh"

echo "largest files below $root (KiB, last written):"
find "$root" -xdev -type f -printf '%k\t%TY-%Tm-%Td\t%p\n' 2>/dev/null | sort -rn | sed -n '1,20p' || true

echo
echo "deleted, but still held open:"
find /proc/[0-9]*/fd -type l -lname "$root/* (deleted)" -printf '%p -> %l\n' 2>/dev/null || true
