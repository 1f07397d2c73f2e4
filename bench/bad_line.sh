#!/bin/sh
# What a bad line costs: audio gap, made-up sound, MOS (E-model), word error rate of human prompts, for each kind of badness.
#   EVERY=4  only every so many-th prompt; 1 takes them all, a quarter of an hour
set -eu
cd "$(dirname "$0")/.."
echo '| Line | longest gap, ms | made up, % | MOS | WER, % | to clean |'
echo '|---|---|---|---|---|---|'
EVERY=${EVERY:-4} ${CARGO:-cargo} test --locked --test speech what_a_bad_line_costs -- --ignored --nocapture | sed -n 's/.*figure //p'
