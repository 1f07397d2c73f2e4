"""Words wrong on human speech of telephone quality, and what hearing it costs: offhook and a peer in the same run.

The peer is faster-whisper (CTranslate2) on the very weights our ggml files are made of, greedy like ours, one thread, int8.
Order ABBA: what the machine does meanwhile meets both. Called by words.sh.
"""
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LONG_SECONDS = 2.0
NUMBERS = dict(zip("0 1 2 3 4 5 6 7 8 9 10 11 12".split(),
                   "zero one two three four five six seven eight nine ten eleven twelve".split()))


def prompts():
    """(file, words) of every prompt, as the tests have them."""
    rows = [row.split("\t") for row in (ROOT / "tests/speech/prompts.tsv").read_text().splitlines() if row[:1] != "#"]
    every = int(os.environ.get("EVERY", "1"))
    return [(row[1], words(row[3])) for row in rows[1::every]]


def words(text):
    """Lower case, no punctuation, small numbers as words: the same for both sides."""
    bare = ("".join(c for c in word if c.isalnum()) for word in text.lower().replace("-", " ").split())
    return [NUMBERS.get(word, word) for word in bare if word]


def errors(said, heard):
    """Words to insert, delete or replace."""
    row = list(range(len(heard) + 1))
    for i, word in enumerate(said):
        diagonal, row[0] = row[0], i + 1
        for j, other in enumerate(heard):
            change = diagonal + (word != other)
            diagonal = row[j + 1]
            row[j + 1] = min(change, row[j] + 1, row[j + 1] + 1)
    return row[-1]


def hear(command, files):
    """One run: a JSON line per file."""
    told = subprocess.run(command + files, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    found = [json.loads(line) for line in told.stdout.splitlines() if line.startswith("{")]
    if len(found) != len(files):
        sys.exit(f"{command[0]} transcribed {len(found)} of {len(files)} files")
    return found


def figures(wanted, found):
    """(WER of all, WER of the long ones, CPU ms per second of audio)."""
    wrong = [0, 0]
    total = [0, 0]
    for (_, said), got in zip(wanted, found):
        count = errors(said, words(got["text"]))
        for kind in [0] + ([1] if got["seconds"] > LONG_SECONDS else []):
            wrong[kind] += count
            total[kind] += len(said)
    seconds = sum(got["seconds"] for got in found)
    return wrong[0] / total[0], wrong[1] / total[1], sum(got["cpu_ms"] for got in found) / seconds


def compare(peer):
    wanted = prompts()
    files = [file for file, _ in wanted]
    sides = {"offhook, whisper.cpp tiny.en q8_0": [os.environ["OFFHOOK"], "transcribe", "--json"]}
    if peer:
        sides["faster-whisper tiny.en int8"] = [sys.executable, __file__, "--peer", peer]
    order = list(sides) + list(reversed(sides))
    runs = {side: [] for side in sides}
    print(f"{time.strftime('%Y-%m-%d')} {len(files)} prompts, {os.cpu_count()} cores, load {os.getloadavg()[0]:.2f}")
    for side in order:
        runs[side].append(figures(wanted, hear(sides[side], files)))
    print(f"  {'median of ' + str(len(order) // len(sides)) + ' runs':36}{'WER':>8}{'> 2 s':>8}{'CPU ms per s':>14}")
    for side, found in runs.items():
        everything, long, cpu = (statistics.median(column) for column in zip(*found))
        print(f"  {side:36}{100 * everything:7.1f}%{100 * long:7.1f}%{cpu:14.0f}")
    print(f"  load at the end {os.getloadavg()[0]:.2f}")


def be_the_peer(folder, files):
    """faster-whisper on files, in offhook's words."""
    from faster_whisper import WhisperModel, decode_audio

    model = WhisperModel(folder, device="cpu", compute_type="int8", cpu_threads=1, local_files_only=True)
    for file in files[:1] + files:  # the first one also warms up
        audio = decode_audio(file)
        begun = time.process_time()
        segments, _ = model.transcribe(audio, language="en", beam_size=1, temperature=0.0, without_timestamps=True,
                                       condition_on_previous_text=False)
        text = " ".join(segment.text for segment in segments)
        cpu_ms = (time.process_time() - begun) * 1000
        line = json.dumps({"file": file, "text": text, "seconds": len(audio) / 16000, "cpu_ms": cpu_ms})
        if be_the_peer.warm:
            print(line)
        be_the_peer.warm = True


be_the_peer.warm = False

if __name__ == "__main__":
    if sys.argv[1:2] == ["--peer"]:
        be_the_peer(sys.argv[2], sys.argv[3:])
    else:
        compare(sys.argv[1] if len(sys.argv) > 1 else "")
