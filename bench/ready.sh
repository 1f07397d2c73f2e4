# Sourced by the benches: where the release binary and the models are; builds and fetches what is missing.
# OFFHOOK names a binary that was built before.
cd "$(dirname "$0")/.."
OFFHOOK=${OFFHOOK:-${CARGO_TARGET_DIR:-target}/release/offhook}
if [ ! -x "$OFFHOOK" ] || [ -z "${OFFHOOK_BUILT:-}" ]; then
  [ -n "${OFFHOOK_BUILT:-}" ] || cargo build --release --locked
  OFFHOOK_BUILT=1
fi
"$OFFHOOK" models fetch >&2
export OFFHOOK OFFHOOK_BUILT
