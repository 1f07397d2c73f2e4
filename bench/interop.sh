#!/bin/sh
# Calls every cell of the matrix of phones and writes docs/interop.md. INTEROP_ONLY="linphone Tls" calls some and writes nothing.
set -eu
cd "$(dirname "$0")/.."

if [ -n "${INTEROP_ONLY-}" ]; then
  exec cargo test --locked --test interop every_cell -- --ignored --nocapture
fi
INTEROP_TABLE=$(mktemp)
export INTEROP_TABLE
trap 'rm -f "$INTEROP_TABLE"' EXIT
status=0
cargo test --locked --test interop every_cell -- --ignored --nocapture || status=$?
cargo test --locked --test interop each_direction_apart -- --ignored --nocapture || status=$?
[ -s "$INTEROP_TABLE" ] || exit 2
{
  sed '/^<!-- the tables/q' docs/interop.md
  printf '\n`make interop`, %s, %s cores.\n\n' "$(date +%F)" "$(nproc)"
  cat "$INTEROP_TABLE"
} >"$INTEROP_TABLE.md"
mv "$INTEROP_TABLE.md" docs/interop.md
exit $status
