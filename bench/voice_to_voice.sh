#!/bin/sh
# How long a caller waits for an answer, by stage, and what a minute of call costs.
#   ROUNDS   of four dialogues each, one call at a time, 2: some 46 turns; as many rounds follow three calls at once
#   THREADS  `[speech] threads`, unset: as the server decides
#   SLOWEST  turns shown one by one, 5
set -eu
. "$(dirname "$0")/ready.sh"
exec python3 bench/voice_to_voice.py
