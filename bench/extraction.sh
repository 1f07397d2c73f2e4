#!/bin/sh
# How right the extraction is on the labelled conversations (tests/extract/labelled), and VADER on the same utterances.
#   VADER=skip leaves the comparison out (it needs pip and a network)
set -eu
cd "$(dirname "$0")/.."
told=$(mktemp)
cargo test --locked --test extract -- --nocapture --test-threads=1 scores every_citation >"$told" 2>&1 || { cat "$told" >&2; exit 1; }
sed 's/^test [^ ]* \.\.\. //' "$told" |
  grep -E '^(dev|held): |^field|^utterances|citations,|[0-9]\.[0-9]{2} +[0-9]\.[0-9]{2}$'
rm -f "$told"
[ "${VADER:-}" != skip ] || exit 0
venv=$(mktemp -d)
trap 'rm -rf "$venv"' EXIT
python3 -m venv "$venv"
"$venv/bin/pip" install --quiet vaderSentiment==3.3.2
"$venv/bin/python" - <<'PYTHON'
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

# The thresholds its authors give.
scorer = SentimentIntensityAnalyzer()
for half in ("dev", "held"):
    rows = [line.rstrip("\n").split("\t") for line in open(f"tests/extract/labelled/{half}/utterances.tsv")]
    def label(text):
        score = scorer.polarity_scores(text)["compound"]
        return "positive" if score >= 0.05 else "negative" if score <= -0.05 else "neutral"
    right = sum(label(text) == wanted for wanted, text in rows)
    print(f"utterances {half:<5} VADER 3.3.2 {right} of {len(rows)}")
PYTHON
