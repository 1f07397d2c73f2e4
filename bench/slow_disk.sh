#!/bin/sh
# What callers notice when the CRM hangs, every operation of the disk takes 200 ms longer and 10,000 rows are queued; and
# what a call's task pays to hand its record on meanwhile.
#   ROUNDS   of well, harmed, harmed, well, 1
#   PROFILE  of the hand-off's bench: bench (a release build), or dev
set -eu
. "$(dirname "$0")/ready.sh"
NUMBERS=$(mktemp -d)
trap 'rm -rf "$NUMBERS"' EXIT INT TERM
cc -shared -fPIC -O2 -o "$NUMBERS/disk.so" tests/harm/disk.c -ldl
export SHIM="$NUMBERS/disk.so" HARM_NUMBERS="$NUMBERS/numbers"
head -c 80 /dev/zero >"$HARM_NUMBERS"
hand_off=$(cargo bench --profile "${PROFILE:-bench}" --bench hand_off --no-run --message-format short 2>&1 |
  sed -n 's/.*Executable.*(\(.*\))$/\1/p')
LD_PRELOAD=$SHIM OFFHOOK_HARM=$HARM_NUMBERS "$hand_off"
python3 bench/slow_disk.py
