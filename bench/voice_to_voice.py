"""Places calls against a server of its own and tells where the time of an answer goes.

One call at a time first, then three at once: per turn what the caller heard on the wire, the server's own stages, and
what the server's CPU spent per minute of call. Called by voice_to_voice.sh; needs OFFHOOK, flite and the models.
"""
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

OFFHOOK = os.environ["OFFHOOK"]
ROUNDS = int(os.environ.get("ROUNDS", "2"))  # of four dialogues: 8 calls, some 46 turns
THREADS = os.environ.get("THREADS")  # most per transcript, and those of the voice; none: the default
TOKEN = "bench-token-of-twenty-four-characters"
STAGES = ["end_of_turn_ms", "transcript_ms", "think_ms", "voice_ms", "voice_to_voice_ms"]
READY_SECONDS = 120

# Monday before opening; the built-in practice in New York. Every caller rings from a number of its own.
CONFIG = """
[sip]
listen = ["udp:127.0.0.1:0"]
[media]
rtp_ports = "{first}-{last}"
[http]
listen = "127.0.0.1:0"
api_token = "{token}"
[store]
url = "sqlite:{folder}/offhook.db"
[speech]
{threads}
[testing]
now = "2026-11-23T07:00:00Z"
"""

VOICES = ["kal16", "awb", "kal"]
DIALOGUES = {
    "books": [
        "Hi, I'd like to book a cleaning.",
        "On {day} at {time}, please.",
        "My name is {name}.",
        "Yes.",
        "Yes, that's right.",
        "No, thank you. Goodbye.",
    ],
    "asks": [
        "What are your opening hours?",
        "And what is your address, please?",
        "Is there parking?",
        "No, that's all, thank you.",
    ],
    "vague": [
        "Can I get a consultation {day} afternoon?",
        "The first one, please.",
        "{name}.",
        "No.",
        "Six one seven, five five five, zero one {number}.",
        "Yes.",
        "Yes, please.",
        "Bye.",
    ],
    "leaves a message": [
        "Can I speak to a person, please?",
        "Please tell the doctor that I will be ten minutes late.",
        "{name}.",
        "Yes.",
        "That's all, thanks. Bye.",
    ],
}
NAMES = ["Anna Bell", "John Carter", "Mary Stone", "Peter Hill", "Laura King", "David Moore"]
DAYS = ["Tuesday", "Wednesday", "Thursday", "Friday"]
TIMES = ["half past two", "ten in the morning", "nine thirty", "a quarter past three"]
NUMBERS = ["four two", "three eight", "seven one", "nine five"]


class Server:
    """A release `offhook serve` in a folder of its own."""

    def __init__(self, folder, more="", env=None):
        self.folder = folder
        first = 21000 + os.getpid() % 80 * 100
        text = CONFIG.format(first=first, last=first + 99, token=TOKEN, folder=folder, threads=f"threads = {THREADS}" if THREADS else "")
        demo = Path("src/config/demo.toml").read_text()
        config = folder / "offhook.toml"
        dropped = {"sip", "media", "http", "store", "speech", "testing"} | {line[1:].split("]")[0] for line in more.splitlines() if line.startswith("[")}
        config.write_text(without_sections(demo, dropped) + text + more)
        self.log = open(folder / "log.txt", "w")
        self.process = subprocess.Popen(
            [OFFHOOK, "serve", "--config", config], stdout=subprocess.PIPE, stderr=self.log, text=True, env=env
        )
        until = time.time() + READY_SECONDS
        for line in self.process.stdout:
            if line.startswith("ready "):
                words = dict(word.split("=", 1) for word in line.split()[1:])
                self.sip, self.http = words["sip"].removeprefix("udp:"), words["http"]
                return
            if time.time() > until:
                break
        sys.exit(f"the server did not get ready: {(folder / 'log.txt').read_text()}")

    def get(self, path):
        request = urllib.request.Request(self.http + path, headers={"Authorization": f"Bearer {TOKEN}"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            found = json.load(answer)
        return found if not isinstance(found, dict) or "id" in found else next(v for v in found.values() if isinstance(v, list))

    def cpu_seconds(self):
        """Of the server and of the programs it runs."""
        total = 0
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                pid, rest = int(stat.parent.name), stat.read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue  # ended meanwhile
            if pid == self.process.pid or int(rest[1]) == self.process.pid:
                total += int(rest[11]) + int(rest[12])
        return total / os.sysconf("SC_CLK_TCK")

    def settled(self):
        """Waits until the prompts rendered ahead are done: two seconds without work."""
        while True:
            before = self.cpu_seconds()
            time.sleep(2)
            if self.cpu_seconds() - before < 0.1:
                return

    def stop(self):
        self.process.terminate()
        self.process.wait(30)


def without_sections(text, names):
    kept, inside = [], False
    for line in text.splitlines():
        if line.startswith("["):
            inside = line.strip().strip("[]").split(".")[0] in names
        if not inside:
            kept.append(line)
    return "\n".join(kept)


def spoken(folder, voice, text):
    """What a caller says, as a file; made once."""
    path = folder / f"{voice}-{''.join(c if c.isalnum() else '_' for c in text)}.wav"
    if not path.exists():
        subprocess.run(["flite", "-voice", voice, "-t", text, "-o", path], check=True)
    return path


def place(server, folder, number, voice, lines):
    """One call; gives the caller's report and the server's record."""
    report = report_of(server, folder, number, voice, lines)
    caller = number_of(number)
    deadline = time.time() + 20
    while time.time() < deadline:
        mine = [call for call in server.get("/api/v1/calls") if call["from"] == caller and call["state"] == "ended"]
        if mine:
            return report, server.get(f"/api/v1/calls/{mine[0]['id']}")
        time.sleep(0.1)
    sys.exit(f"the call of {caller} did not end")


def number_of(number):
    return f"+1212555{number:04}"


def report_of(server, folder, number, voice, lines):
    """One call; gives the caller's report."""
    report = folder / f"report-{number}.json"
    command = [OFFHOOK, "call", f"sip:demo@{server.sip}", "--from", number_of(number), "--json", report]
    for line in lines:
        command += ["--wav", spoken(folder, voice, line)]
    told = subprocess.run(command, capture_output=True, text=True, timeout=240)
    if told.returncode != 0:
        sys.exit(f"a call failed: {told.stdout}{told.stderr}")
    return json.loads(report.read_text())


def scripts(rounds):
    for n in range(rounds):
        for kind, lines in DIALOGUES.items():
            at = n * len(DIALOGUES) + list(DIALOGUES).index(kind)
            fill = {"day": DAYS[at % 4], "time": TIMES[n % 4], "name": NAMES[at % 6], "number": NUMBERS[n % 4]}
            yield kind, VOICES[at % len(VOICES)], [line.format(**fill) for line in lines]


def percentile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, round(share * (len(values) - 1)))] if values else float("nan")


def table(title, calls, minutes, cpu):
    wire = [t["voice_to_voice_ms"] for r, _ in calls for t in r["turns"] if t["voice_to_voice_ms"] is not None]
    rows = [("wire: own last sound to first of the answer", wire)]
    rows += [(f"server: {stage}", [turn[stage] for _, record in calls for turn in record["turns"]]) for stage in STAGES]
    print(f"\n{title}: {len(calls)} calls, {len(wire)} turns, {minutes:.1f} call minutes")
    print(f"  {'ms':44}{'p50':>8}{'p95':>8}{'max':>8}{'n':>6}")
    for name, values in rows:
        print(f"  {name:44}{percentile(values, 0.5):8.0f}{percentile(values, 0.95):8.0f}{max(values, default=0):8.0f}{len(values):6}")
    print(f"  CPU of the server: {cpu / minutes:.1f} s per call minute")
    ends = {}
    for _, record in calls:
        ends[record["disposition"]] = ends.get(record["disposition"], 0) + 1
    print(f"  ended as: {', '.join(f'{n} {name}' for name, n in sorted(ends.items()))}")
    for _, record in calls:
        if record["disposition"] == "abandoned":
            said = " / ".join(line["text"] for line in record["transcript"] if line["speaker"] == "caller")
            print(f"  abandoned, heard: {said}")
    slowest = sorted(
        ((turn, record) for _, record in calls for turn in record["turns"]), key=lambda p: -p[0]["voice_to_voice_ms"]
    )
    for turn, record in slowest[: int(os.environ.get("SLOWEST", "5"))]:
        stages = " ".join(f"{stage.removesuffix('_ms')} {turn[stage]}" for stage in STAGES)
        print(f"  slow: {stages} | {exchange(record, turn['turn'])}")


def exchange(record, turn):
    """Roughly what was said in a turn and what was answered."""
    callers = [i for i, line in enumerate(record["transcript"]) if line["speaker"] == "caller"]
    if turn > len(callers):
        return "?"
    at = callers[turn - 1]
    answer = next((line["text"] for line in record["transcript"][at + 1 :] if line["speaker"] == "agent"), "")
    return f"{record['transcript'][at]['text']!r} -> {answer[:70]!r}"


def measured(server, place_all):
    cpu = server.cpu_seconds()
    calls = place_all()
    time.sleep(1)
    minutes = sum(report["duration_ms"] for report, _ in calls) / 60_000
    return calls, minutes, server.cpu_seconds() - cpu


def main():
    model = next((l.split(":", 1)[1].strip() for l in open("/proc/cpuinfo") if l.startswith("model name")), "?")
    print(f"{time.strftime('%Y-%m-%d')} {os.cpu_count()} cores, {model}, {platform.release()}, threads {THREADS or 'by default'}, load {os.getloadavg()[0]:.2f}")
    with tempfile.TemporaryDirectory(prefix="offhook-bench-") as name:
        folder = Path(name)
        server = Server(folder)
        try:
            for _, voice, lines in scripts(2 * ROUNDS):
                for line in lines:
                    spoken(folder, voice, line)
            server.settled()
            todo = list(enumerate(scripts(2 * ROUNDS)))
            alone, crowd = todo[: 4 * ROUNDS], todo[4 * ROUNDS :]
            call = lambda job: place(server, folder, job[0], *job[1][1:])
            table("one call at a time", *measured(server, lambda: [call(job) for job in alone]))
            with ThreadPoolExecutor(3) as callers:
                table("three calls at once", *measured(server, lambda: list(callers.map(call, crowd))))
        finally:
            server.stop()
    print(f"load at the end {os.getloadavg()[0]:.2f}")


if __name__ == "__main__":
    main()
