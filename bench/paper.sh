#!/bin/sh
# The paperwork: rows a second that are durable before they are acknowledged, beside two SQLite queues and PostgreSQL, in
# turns forwards and backwards; then how long a call takes from its end into the CRM, read back.
#   ROUNDS     turns of each (4)     PRODUCERS  who enqueue at the same time (256)
# Needs PostgreSQL's server for its turn (`apt-get install postgresql`); without it that turn is left out.
set -eu
cd "$(dirname "$0")/.."
ROUNDS=${ROUNDS:-4} PRODUCERS=${PRODUCERS:-256}
target=${CARGO_TARGET_DIR:-$PWD/target}
here=$target/queues
export CARGO_PROFILE_DEV_OPT_LEVEL=3 PRODUCERS
mkdir -p "$here/data"
for peer in effectum apalis; do
  CARGO_TARGET_DIR=$here cargo build --quiet --release --locked --manifest-path "bench/queues/$peer/Cargo.toml"
done
cargo test --quiet --locked --test ledger --no-run
figures() { cargo test --quiet --locked --test ledger "paper_figures::$1" -- --ignored --nocapture; }

postgres=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | tail -1)
data=$(mktemp -d /var/tmp/offhook-queue.XXXXXX)
stop() {
  [ -z "$postgres" ] || owner "$postgres/pg_ctl" -D "$data/pg" -m fast stop >/dev/null 2>&1 || true
  rm -rf "$data"
}
trap stop EXIT
# The server refuses to be root.
owner() { if [ "$(id -u)" = 0 ]; then setpriv --reuid postgres --regid postgres --clear-groups "$@"; else "$@"; fi; }
if [ -n "$postgres" ]; then
  [ "$(id -u)" != 0 ] || chown postgres "$data"
  owner "$postgres/initdb" -D "$data/pg" -A trust -U postgres >/dev/null
  # As it is shipped: fsync and synchronous_commit on, fdatasync.
  owner "$postgres/pg_ctl" -D "$data/pg" -w -o "-k $data -c listen_addresses= -c max_connections=300" -l "$data/log" start >/dev/null
  owner "$postgres/psql" -q -h "$data" -U postgres -c "CREATE TABLE jobs (id bigserial PRIMARY KEY, key text NOT NULL UNIQUE,
    kind text NOT NULL, payload jsonb NOT NULL, state text NOT NULL DEFAULT 'ready', attempts int NOT NULL DEFAULT 0,
    run_at timestamptz NOT NULL DEFAULT now(), created_at timestamptz NOT NULL DEFAULT now());
    CREATE INDEX ON jobs (run_at, id) WHERE state = 'ready'"
  printf "INSERT INTO jobs (key, kind, payload) VALUES (gen_random_uuid()::text, 'activity', '%s');\n" \
    "$(sed "s/'/''/g" bench/queues/payload.json)" >"$data/enqueue.sql"
  chmod -R a+r "$data/enqueue.sql"
fi

# Each prints rows a second, p50 and p99 of the acknowledgement in ms.
turn() {
  rm -f "$here"/data/*
  case $1 in
    offhook) figures durable_enqueues | sed -n 's/.*figure //p' ;;
    effectum) "$here/release/effectum-peer" "$here/data/queue.db" 20000 "$PRODUCERS" ;;
    apalis) "$here/release/apalis-peer" "$here/data/queue.db" 4096 "$PRODUCERS" ;;
    postgres)
      (
        cd "$data"
        rm -f turn.*
        owner "$postgres/pgbench" -n -h "$data" -U postgres -M prepared -f enqueue.sql -c "$PRODUCERS" -j 2 -t 80 -l \
          --log-prefix=turn postgres 2>/dev/null | sed -n 's/^tps = \([0-9]*\).*/\1/p' >rate
        cat turn.* | awk '{print $3 / 1000}' | sort -n >waits
        n=$(wc -l <waits)
        echo "$(cat rate) $(sed -n "$((n / 2))p" waits) $(sed -n "$((n * 99 / 100))p" waits)"
      )
      ;;
  esac
}

peers="offhook effectum apalis${postgres:+ postgres}"
back=$(echo "$peers" | awk '{for (i = NF; i > 0; i--) printf "%s ", $i}')
echo "load $(cut -d" " -f1 /proc/loadavg), $PRODUCERS producers, $ROUNDS turns"
round=0
while [ "$round" -lt "$ROUNDS" ]; do
  order=$peers
  [ $((round % 2)) = 0 ] || order=$back
  for peer in $order; do echo "$peer $(turn "$peer")"; done
  round=$((round + 1))
done | tee "$here/turns"
echo 'medians: rows/s, ack p50 ms, ack p99 ms'
for peer in $peers; do
  printf '%-9s' "$peer"
  for column in 2 3 4; do
    grep "^$peer " "$here/turns" | awk -v c=$column '{print $c}' | sort -n |
      awk '{v[NR] = $1} END {printf " %s", (NR % 2) ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2}'
  done
  echo
done
echo 'a call, from its end until it was read back from the CRM: p50 ms, p99 ms'
figures call_end_to_verified_write | sed -n 's/.*verified //p'
cargo test --quiet --locked --test events the_rush -- --nocapture | sed -n 's/.*answered /200 events while 200 calls end: answered /p'
