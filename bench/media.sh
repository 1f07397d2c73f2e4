#!/bin/sh
# What calls cost without anybody to talk to (the echo of `[sip] echo`: socket, jitter buffer, decoder, encoder, paced
# sender), beside `sipp -rtp_echo` and a userspace rtpengine in the same run. The server has one core, the load the other.
#   CALLS=2500 SECONDS_EACH=10 RATE=500 OFFHOOK=path-of-the-binary sh bench/media.sh
set -eu
cd "$(dirname "$0")/.."

CALLS=${CALLS:-2500}
SECONDS_EACH=${SECONDS_EACH:-10}
RATE=${RATE:-500}
OFFHOOK=${OFFHOOK:-target/release/offhook}
OFFHOOK_MODELS=${OFFHOOK_MODELS:-$PWD/models}
export OFFHOOK_MODELS
FOLDER=$(mktemp -d)
SERVER=
trap 'if [ -n "$SERVER" ]; then kill "$SERVER" 2>/dev/null || true; fi; rm -rf "$FOLDER"' EXIT INT TERM
ulimit -n 20000

[ -x "$OFFHOOK" ] || cargo build --release --locked
rustc --edition 2024 -O bench/load.rs -o "$FOLDER/load"
load() { timeout 120 taskset -c 1 "$FOLDER/load" "$@"; }
stop() { kill "$SERVER"; wait "$SERVER" 2>/dev/null || true; SERVER=; }

serve() {
  {
    sed '/^\[\(sip\|media\|store\|http\|log\|speech\|voice\|calendar\|crm\)\]/,$d' src/config/demo.toml
    printf '[sip]\nlisten = ["udp:127.0.0.1:0"]\nmax_calls = 10000\nsource_calls_per_second = 5000\necho = "9196"\ndrain_seconds = 0\n'
    printf '[media]\nrtp_ports = "20000-39999"\ncodecs = ["PCMU"]\n[http]\nlisten = "127.0.0.1:0"\n'
    printf 'api_token = "media-token-of-twenty-four-chars"\n[store]\nurl = "sqlite:%s/offhook.db"\n' "$FOLDER"
  } >"$FOLDER/offhook.toml"
  rm -f "$FOLDER/offhook.db"*
  taskset -c 0 "$OFFHOOK" serve --config "$FOLDER/offhook.toml" >"$FOLDER/out" 2>"$FOLDER/log" &
  SERVER=$!
  for _ in $(seq 900); do
    grep -q '^ready ' "$FOLDER/out" && break
    kill -0 "$SERVER" 2>/dev/null || { cat "$FOLDER/log" >&2; exit 1; }
    sleep 0.1
  done
  SIP=$(sed -n 's/^ready sip=udp:\([^ ]*\).*/\1/p' "$FOLDER/out")
  # What it prepares to say is not part of this.
  for _ in $(seq 90); do
    before=$(spent)
    sleep 2
    [ $(($(spent) - before)) -gt 4 ] || break
  done
}
# Processor time of the server so far, in hundredths of a second.
spent() { awk '{ print $14 + $15 }' "/proc/$SERVER/stat"; }

echo "# $(date -u +%F) $(uname -m), $CALLS calls, load $(cut -d' ' -f1 /proc/loadavg)"
serve
printf 'offhook media    '; load media "$SIP" 9196 "$CALLS" "$SECONDS_EACH" "$SERVER"
printf 'offhook echo     '; load calls "$SIP" 9196 "$RATE" "$SECONDS_EACH" "$SERVER"
[ -n "${NO_DESK:-}" ] || { printf 'offhook desk     '; load calls "$SIP" desk "${DESK_RATE:-50}" "$SECONDS_EACH" "$SERVER"; }
stop
if command -v sipp >/dev/null; then
  taskset -c 0 sipp -sn uas -i 127.0.0.1 -p 15990 -mi 127.0.0.1 -mp 16990 -rtp_echo -nostdin >/dev/null 2>&1 &
  SERVER=$!
  sleep 1
  printf 'sipp -rtp_echo   '; load media 127.0.0.1:15990 x "$CALLS" "$SECONDS_EACH" "$SERVER"
  printf 'sipp uas         '; load calls 127.0.0.1:15990 x "$RATE" "$SECONDS_EACH" "$SERVER"
  stop
fi
if command -v rtpengine >/dev/null; then
  taskset -c 0 rtpengine --foreground --table=-1 --interface=127.0.0.1 --listen-ng=127.0.0.1:15991 --port-min=20000 \
    --port-max=39999 --log-level=3 --log-stderr --num-threads=1 >/dev/null 2>&1 &
  SERVER=$!
  sleep 2
  printf 'rtpengine        '; load relay 127.0.0.1:15991 - "$CALLS" "$SECONDS_EACH" "$SERVER"
  stop
fi
