# offhook: the usual ways in. Each installs what it needs on Debian or Ubuntu, once, and says so.
# Without root it prints the one line that is needed and exits 2.

.POSIX:
.PHONY: help install run build models test interop lint bench fuzz soak clean

CARGO = cargo
OFFHOOK = target/release/offhook
OFFHOOK_DEV = target/debug/offhook
ARGS =

help:
	@echo 'make run    build, fetch the models and answer the phone (ARGS="--config my.toml")'
	@echo 'make test   every test, with real phones as peers'
	@echo 'make interop every phone by every way it has: baresip, pjsua2, Linphone, sipp, Kamailio, Sippy (minutes)'
	@echo 'make lint   format, clippy, documentation'
	@echo 'make bench  latency, load and recognition figures'
	@echo 'make fuzz   broken SIP, SDP, RTP, RTCP, SRTP against the parsers: mutated, then by coverage'
	@echo 'make soak   hundreds of calls in a row, looking for leaks'

install:
	@sh .ci/install run

build: install
	$(CARGO) build --release --locked

models: build
	$(OFFHOOK) models fetch

run: models
	exec $(OFFHOOK) serve $(ARGS)

# Tests run the binary of the dev profile: its dependencies are optimised, its own code compiles quickly. Most of them wait
# for calls as long as calls last, so there is one more at a time than cores.
test:
	@sh .ci/install test
	$(CARGO) build --locked
	$(OFFHOOK_DEV) models fetch
	PATH="$(CURDIR)/.venv/bin:$$PATH" RUST_TEST_THREADS=$${RUST_TEST_THREADS:-$$(($$(nproc) + 1))} \
		$(CARGO) test --locked $(ARGS)

# A table of placed calls: docs/interop.md. Needs root or sudo once to install, and root to see what sipp is sent.
interop:
	@sh .ci/install interop
	$(CARGO) build --locked
	$(OFFHOOK_DEV) models fetch
	PATH="$(CURDIR)/.venv/bin:$$PATH" sh bench/interop.sh $(ARGS)

lint: install
	$(CARGO) fmt --check
	$(CARGO) clippy --locked --all-targets -- -D warnings
	cd fuzz && $(CARGO) check --locked
	RUSTDOCFLAGS='-D warnings' $(CARGO) doc --locked --no-deps --document-private-items

bench fuzz soak:
	@sh .ci/install test
	@test -f bench/$@.sh || { echo 'bench/$@.sh does not exist in this version' >&2; exit 2; }
	PATH="$(CURDIR)/.venv/bin:$$PATH" sh bench/$@.sh $(ARGS)

clean:
	$(CARGO) clean
