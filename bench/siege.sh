#!/bin/sh
# What the internet does to an open port, done to one `offhook serve` on loopback: strangers, a spoofed call, 100 scans a
# second, a flood of REGISTER and INVITE as fast as this machine sends. Exits 1 when it was harmed.
#   SIEGE_SECONDS=90 OFFHOOK=path-of-the-binary sh bench/siege.sh
set -eu
cd "$(dirname "$0")/.."

SIEGE_SECONDS=${SIEGE_SECONDS:-90}
OFFHOOK=${OFFHOOK:-target/release/offhook}
OFFHOOK_MODELS=${OFFHOOK_MODELS:-$PWD/models}
export OFFHOOK_MODELS
FOLDER=$(mktemp -d)
SERVER=
trap 'if [ -n "$SERVER" ]; then kill "$SERVER" 2>/dev/null || true; fi; rm -rf "$FOLDER"' EXIT INT TERM

[ -x "$OFFHOOK" ] || cargo build --release --locked
{
  sed '/^\[\(sip\|media\|store\|http\|log\|speech\|voice\|calendar\|crm\)\]/,$d' src/config/demo.toml
  cat <<END
[sip]
listen = ["udp:127.0.0.1:0"]
allow = ["127.0.0.0/24"]
drain_seconds = 0
[media]
rtp_ports = "38000-38199"
[http]
listen = "127.0.0.1:0"
api_token = "siege-token-of-twenty-four-chars"
[store]
url = "sqlite:$FOLDER/offhook.db"
END
} >"$FOLDER/offhook.toml"
"$OFFHOOK" serve --config "$FOLDER/offhook.toml" >"$FOLDER/out" 2>"$FOLDER/log" &
SERVER=$!
for _ in $(seq 600); do
  grep -q '^ready ' "$FOLDER/out" && break
  kill -0 "$SERVER" 2>/dev/null || { cat "$FOLDER/log" >&2; exit 1; }
  sleep 0.1
done
SIP=$(sed -n 's/^ready sip=udp:\([^ ]*\).*/\1/p' "$FOLDER/out")
python3 bench/siege.py "$SIP" "$SERVER" "$FOLDER/log" "$SIEGE_SECONDS" || { cp "$FOLDER/log" "${SIEGE_LOG:-/dev/null}"; exit 1; }
