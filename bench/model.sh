#!/bin/sh
# What a language model makes of the sentences no grammar has (tests/talk/interpreting.tsv): right, wrong, dropped, how late.
#   MODEL_URL  chat completions of a server of your own; unset: llama.cpp with SmolLM2-135M on one thread
#   MODEL      the model's name there
set -eu
cd "$(dirname "$0")/.."
sh .ci/install model
echo "load $(cut -d" " -f1 /proc/loadavg)"
PATH="$PWD/.venv/bin:$PATH" cargo test --locked --test ledger model_figures -- --ignored --nocapture
