#!/bin/sh
# A million mutated inputs and more: SIP, SDP, RTP, RTCP and the SIP endpoint. Ends with 1 when one of them panicked.
#   FUZZ_INPUTS  inputs per target, 200000
#   FUZZ_SEED    where the dice start, 1; another one is another million
set -eu
cd "$(dirname "$0")/.."
FUZZ_INPUTS=${FUZZ_INPUTS:-200000}
FUZZ_SEED=${FUZZ_SEED:-1}
export FUZZ_INPUTS FUZZ_SEED

told=$(mktemp)
trap 'rm -f "$told"' EXIT
started=$(date +%s)
verdict=passed
cargo test --locked --test fuzz -- --nocapture >"$told" 2>&1 || verdict=FAILED
if [ "$verdict" = passed ]; then
  grep '^fuzzed' "$told"
else
  cat "$told" >&2
fi
awk -v verdict="$verdict" -v seed="$FUZZ_SEED" -v seconds="$(($(date +%s) - started))" '
  /^fuzzed/ { total += $(NF - 1); targets++ }
  END {
    printf "%d targets, %d inputs, seed %s, %d s with building: %s\n", targets, total, seed, seconds, verdict
    exit verdict != "passed" || targets < 5
  }' "$told"
