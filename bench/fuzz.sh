#!/bin/sh
# Broken input against everything that reads the network. First a million and more mutated inputs (the tests, longer), then
# libFuzzer by coverage, on the stable toolchain: SIP, streams, an endpoint, digest, SDP, RTP, RTCP, SRTP, DTLS. What it finds
# and keeps is in fuzz/corpus, what broke in fuzz/artifacts. Ends with 1 when anything did.
#   FUZZ_INPUTS   mutated inputs per target, 200000
#   FUZZ_SEED     where the dice start, 1; another one is another million
#   FUZZ_SECONDS  by coverage, each target, 600; 0: not at all
#   FUZZ_TARGETS  all of them
set -eu
cd "$(dirname "$0")/.."
FUZZ_INPUTS=${FUZZ_INPUTS:-200000}
FUZZ_SEED=${FUZZ_SEED:-1}
FUZZ_SECONDS=${FUZZ_SECONDS:-600}
FUZZ_TARGETS=${FUZZ_TARGETS:-sip stream endpoint digest sdp rtp rtcp srtp dtls}
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
[ "$FUZZ_SECONDS" -gt 0 ] || exit 0

# The passes of cargo-fuzz, for our own crate only; no sanitizer, which wants nightly: there is no unsafe code of ours.
cov='-sanitizer-coverage'
(cd fuzz && cargo rustc --bin offhook-fuzz -- -Cpasses=sancov-module -Ccodegen-units=1 "-Cllvm-args=$cov-level=4" \
  "-Cllvm-args=$cov-inline-8bit-counters" "-Cllvm-args=$cov-pc-table" "-Cllvm-args=$cov-trace-compares")
binary=${CARGO_TARGET_DIR:-fuzz/target}/debug/offhook-fuzz
python3 fuzz/seeds.py
mkdir -p fuzz/artifacts

# One target: what it ran, what it covers, and whether it broke.
one() {
  log=fuzz/artifacts/$1.log
  mkdir -p "fuzz/artifacts/$1"
  broke=
  OFFHOOK_FUZZ=$1 "$binary" "fuzz/corpus/$1" -max_total_time="$FUZZ_SECONDS" -max_len=4096 -rss_limit_mb=1024 -timeout=60 \
    -dict=fuzz/sip.dict -artifact_prefix="fuzz/artifacts/$1/" -print_final_stats=1 >"$log" 2>&1 || broke=1
  runs=$(sed -n 's/.*number_of_executed_units: *//p' "$log")
  covered=$(grep -o 'cov: [0-9]*' "$log" | tail -n 1)
  printf '%-9s %s runs in %s s, %s: %s\n' "$1" "${runs:-?}" "$FUZZ_SECONDS" "$covered" "${broke:+BROKE, see $log}"
  # Only what adds coverage is kept.
  mkdir -p "fuzz/corpus/$1.least"
  OFFHOOK_FUZZ=$1 "$binary" -merge=1 "fuzz/corpus/$1.least" "fuzz/corpus/$1" >/dev/null 2>&1 &&
    rm -rf "fuzz/corpus/$1" && mv "fuzz/corpus/$1.least" "fuzz/corpus/$1"
  [ -z "$broke" ]
}

# As many at once as there are processors.
failed=0
running=0
pids=
for target in $FUZZ_TARGETS; do
  one "$target" &
  pids="$pids $!"
  running=$((running + 1))
  if [ "$running" -ge "$(nproc)" ]; then
    for pid in $pids; do wait "$pid" || failed=1; done
    pids= running=0
  fi
done
for pid in $pids; do wait "$pid" || failed=1; done
exit "$failed"
