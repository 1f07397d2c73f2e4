#!/bin/sh
# Looks for leaks: CALLS short calls, in a row and overlapped, then what the process holds against what it held before.
# Exits 1 when anything grew beyond its allowance. Then cuts off KILL_POINTS calls with SIGKILL and looks what is left.
#   CALLS=200 KILL_POINTS=50 (0: none) OFFHOOK=path-of-the-binary sh bench/soak.sh
set -eu
cd "$(dirname "$0")/.."

CALLS=${CALLS:-200}
KILL_POINTS=${KILL_POINTS:-50}
OFFHOOK=${OFFHOOK:-target/release/offhook}
# What may have grown when all calls are over.
FDS_MORE=0
THREADS_MORE=0
PORTS_MORE=0
RSS_MORE_KIB=16384 # the allocator keeps what the busiest moment needed
SETTLE_SECONDS=60
WARM_UP=8

RTP_FIRST=39000
RTP_LAST=39398
FOLDER=$(mktemp -d)
SERVER=
trap 'if [ -n "$SERVER" ]; then kill "$SERVER" 2>/dev/null || true; fi; rm -rf "$FOLDER"' EXIT INT TERM

say() { printf '%s\n' "$*"; }
die() { say "soak: $*" >&2; exit 1; }

[ -x "$OFFHOOK" ] || cargo build --release --locked
OFFHOOK_MODELS=${OFFHOOK_MODELS:-$PWD/models}
export OFFHOOK_MODELS

config() {
  # The demo business, with ports and a folder of our own.
  sed '/^\[\(sip\|media\|store\|http\|log\|speech\|voice\|calendar\|crm\)\]/,$d' src/config/demo.toml
  cat <<END
[sip]
listen = ["udp:127.0.0.1:0"]
max_calls = 150
[media]
rtp_ports = "$RTP_FIRST-$RTP_LAST"
[http]
listen = "127.0.0.1:0"
api_token = "soak-token-of-twenty-four-chars"
[store]
url = "sqlite:$FOLDER/offhook.db"
END
}

start() {
  config >"$FOLDER/offhook.toml"
  "$OFFHOOK" serve --config "$FOLDER/offhook.toml" >"$FOLDER/out" 2>"$FOLDER/log" &
  SERVER=$!
  for _ in $(seq 600); do
    grep -q '^ready ' "$FOLDER/out" && break
    kill -0 "$SERVER" 2>/dev/null || die "the server did not start: $(cat "$FOLDER/log")"
    sleep 0.1
  done
  SIP=$(sed -n 's/^ready sip=udp:\([^ ]*\).*/\1/p' "$FOLDER/out")
  HTTP=$(sed -n 's/.*http=\(.*\)$/\1/p' "$FOLDER/out")
  [ -n "$SIP" ] || die 'the server is not ready after 60 s'
}

metric() { curl -sf -H 'Authorization: Bearer soak-token-of-twenty-four-chars' "$HTTP/metrics" | sed -n "s/^$1 //p"; }

fds() { find "/proc/$SERVER/fd" -mindepth 1 2>/dev/null | wc -l; }
threads() { find "/proc/$SERVER/task" -mindepth 1 -maxdepth 1 | wc -l; }
rss() { sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$SERVER/status"; }

# Media ports somebody has bound.
ports() {
  n=0
  for hex in $(sed -n 's/^ *[0-9]*: [0-9A-F]*:\([0-9A-F]*\) .*/\1/p' /proc/net/udp /proc/net/udp6); do
    port=$(printf '%d' "0x$hex")
    [ "$port" -ge $RTP_FIRST ] && [ "$port" -le $((RTP_LAST + 1)) ] && n=$((n + 1))
  done
  echo $n
}

# Waits until no call is left, then until idle threads and connections are given back.
settle() {
  for _ in $(seq $SETTLE_SECONDS); do
    [ "$(metric offhook_calls_live)" = 0 ] && break
    sleep 1
  done
  sleep 12
}

hold() { say "$(fds) $(threads) $(rss) $(ports)"; }

# hang_up SCENARIO COUNT RATE PAUSE_MS
hang_up() {
  sipp -sf "bench/sipp/$1.xml" -m "$2" -r "$3" -d "$4" -l 60 -i 127.0.0.1 -mi 127.0.0.1 -nostdin -timeout 120 \
    -default_behaviors all,-abortunexp "$SIP" >"$FOLDER/sipp.$1.$4" 2>&1 || { tail -40 "$FOLDER/sipp.$1.$4" >&2; die "sipp: $1"; }
}

# ask COUNT: so many callers, one after the other, ask a question and say goodbye.
ask() {
  for n in $(seq "$1"); do
    "$OFFHOOK" call "sip:soak@$SIP" --from "+12125570$((100 + n % 50))" --wav "$FOLDER/question.wav" \
      --wav "$FOLDER/goodbye.wav" --max-seconds 60 >"$FOLDER/call.$$.$n" || die "offhook call: $(cat "$FOLDER/call.$$.$n")"
  done
}

flite -voice awb -t 'Is there parking?' -o "$FOLDER/question.wav"
flite -voice awb -t 'No, thank you. Goodbye.' -o "$FOLDER/goodbye.wav"
start
# What is made when it is first needed is made: every worker has heard, in doubt too, and every kind of call was there.
say "warming up: $WARM_UP calls and some"
ask $((WARM_UP / 2)) & one=$!
ask $((WARM_UP / 2)) & two=$!
hang_up hang_up_ringing 1 1 1
hang_up hang_up_after 4 2 6000
wait $one || die 'a spoken call failed'
wait $two || die 'a spoken call failed'
settle
before=$(hold)

spoken=$((CALLS / 10))
quarter=$(((CALLS - spoken) / 4))
say "$CALLS calls: $quarter hang up while it rings, $quarter in the greeting, $quarter after it,"
say "  $((CALLS - spoken - 3 * quarter)) say nothing for 20 s, $spoken ask a question; all kinds overlap"
began=$(date +%s)
ask $((spoken / 2)) & one=$!
ask $((spoken - spoken / 2)) & two=$!
hang_up hang_up_after "$quarter" 2 1500
hang_up hang_up_ringing "$quarter" 5 1
hang_up hang_up_after "$quarter" 3 6000
hang_up hang_up_after $((CALLS - spoken - 3 * quarter)) 4 20000
wait $one || die 'a spoken call failed'
wait $two || die 'a spoken call failed'
settle
after=$(hold)
say "took $(($(date +%s) - began)) s; calls by disposition:"
curl -sf -H 'Authorization: Bearer soak-token-of-twenty-four-chars' "$HTTP/metrics" |
  grep -E '^offhook_(calls_|outbox_jobs)' | sed 's/^/  /'

# compare NAME BEFORE AFTER ALLOWANCE
failed=0
compare() {
  grown=$(($3 - $2))
  verdict=ok
  [ $grown -le "$4" ] || { verdict='GREW'; failed=1; }
  printf '%-10s before %8d  after %8d  grown %6d  allowed %6d  %s\n' "$1" "$2" "$3" $grown "$4" "$verdict"
}
# shellcheck disable=SC2086 # four numbers each
set -- $before $after
compare fds "$1" "$5" $FDS_MORE
compare threads "$2" "$6" $THREADS_MORE
compare 'rss KiB' "$3" "$7" $RSS_MORE_KIB
compare ports "$4" "$8" $PORTS_MORE
kill "$SERVER"
wait "$SERVER" || failed=1
SERVER=
[ $failed = 0 ] || die 'something grew'

if [ "$KILL_POINTS" != 0 ]; then
  say "cutting off $KILL_POINTS calls"
  KILL_POINTS=$KILL_POINTS cargo test --locked --test harm killed_anywhere -- --nocapture
fi
