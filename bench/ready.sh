# Sourced by the benches: goes to the repository's folder, names the release binary and sees to the models.
# OFFHOOK, if set, is a binary that was built before.
cd "$(dirname "$0")/.."
if [ -z "${OFFHOOK:-}" ]; then
  cargo build --release --locked
  OFFHOOK=${CARGO_TARGET_DIR:-target}/release/offhook
fi
"$OFFHOOK" models fetch >&2
export OFFHOOK
