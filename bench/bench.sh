#!/bin/sh
# Every figure of README's table, in its order. Run it on an idle machine: what else runs is in the figures.
set -eu
cd "$(dirname "$0")"
sh ./voice_to_voice.sh
sh ./words.sh
sh ./model.sh
