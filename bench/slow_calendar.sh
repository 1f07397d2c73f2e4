#!/bin/sh
# What callers who want nothing of the calendar notice when it takes five seconds for every answer.
#   ROUNDS   of well, slow, slow, well, 1
set -eu
. "$(dirname "$0")/ready.sh"
exec python3 bench/slow_calendar.py
