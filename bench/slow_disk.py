"""Two lines of callers who ask and leave messages, while nobody harms the server and while everything behind it is sick.

Harmed: the CRM takes connections and never answers, every write and sync of the database takes 200 ms longer (the
preloaded tests/harm/disk.c), and 10,000 rows are queued. Every phase has a server of its own, in the order well, harmed,
harmed, well. Told is what the callers waited for and how evenly the agent's packets came, on the wire. Called by
slow_disk.sh; needs OFFHOOK, SHIM, HARM_NUMBERS, flite and the models.
"""
import base64
import hashlib
import hmac
import http.client
import json
import os
import shutil
import socket
import sqlite3
import struct
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import voice_to_voice as bench

ROUNDS = int(os.environ.get("ROUNDS", "1"))
DISK_MS = 200
ROWS = 10_000
ROWS_PER_CALL = 3
LINES = 2
BESIDE = ["asks", "leaves a message"]
KEY = base64.b64encode(b"a key of twenty-four bytes").decode()
TOKEN = "token-of-the-desk-that-stays"
DELAY_US = 6  # the place of that number
HARM = {"LD_PRELOAD": os.environ["SHIM"], "OFFHOOK_HARM": os.environ["HARM_NUMBERS"]}


def disk_takes(ms):
    with open(HARM["OFFHOOK_HARM"], "r+b") as numbers:
        numbers.seek(8 * DELAY_US)
        numbers.write(struct.pack("=Q", ms * 1000))


def silent_crm():
    """Takes every connection and says nothing."""
    door = socket.create_server(("127.0.0.1", 0), backlog=512)
    kept = []

    def take():
        while True:
            kept.append(door.accept()[0])

    threading.Thread(target=take, daemon=True).start()
    return door.getsockname()[1]


def well_crm():
    command = [sys.executable, "-B", "tests/ledger/crms/hubspot.py", "--fixed-token", TOKEN]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return process, int(process.stdout.readline())


def config(port):
    return (f'[crm]\nkind = "hubspot"\nurl = "http://127.0.0.1:{port}"\ntoken = "{TOKEN}"\n'
            f'[[sources]]\nname = "other"\nkind = "generic"\nsecrets = ["whsec_{KEY}"]\n')


def server_in(folder, port, harmed):
    return bench.Server(folder, config(port), env={**os.environ, **HARM} if harmed else None)


def told(server, calls):
    """Another platform tells of calls that were cut off; each leaves a contact, an activity and a task."""
    host = server.http.removeprefix("http://")
    spare = threading.local()

    def tell(n):
        call = {"call_id": f"queued{n}", "from": f"+1646{n:07}", "to": "+12125550100"}
        lines = [{"speaker": "caller", "text": "A person, please.", "start_ms": 500, "end_ms": 2000}]
        for kind, more in (("call.failed", {"reason": "line lost"}), ("transcription.complete", {"lines": lines})):
            at = str(int(time.time()))
            body = json.dumps({"type": kind, "timestamp": "2026-11-21T15:00:00Z", "data": {**call, **more}})
            name = f"{n}-{kind}"
            tag = hmac.new(base64.b64decode(KEY), f"{name}.{at}.{body}".encode(), hashlib.sha256).digest()
            headers = {"webhook-id": name, "webhook-timestamp": at, "webhook-signature": "v1," + base64.b64encode(tag).decode()}
            if not hasattr(spare, "line"):
                spare.line = http.client.HTTPConnection(host)
            spare.line.request("POST", "/ingest/other", body, headers)
            answer = spare.line.getresponse()
            answer.read()
            if answer.status != 200:
                sys.exit(f"an event was answered with {answer.status}")

    with ThreadPoolExecutor(16) as tellers:
        list(tellers.map(tell, range(calls)))


def queued(folder):
    with sqlite3.connect(folder / "offhook.db") as database:
        return database.execute("SELECT COUNT(*) FROM jobs WHERE state IN ('ready', 'leased', 'retrying')").fetchone()[0]


def full_outbox(folder, port):
    """A database with the rows, left by a server that died."""
    server = server_in(folder, port, False)
    told(server, ROWS // ROWS_PER_CALL + 1)
    while queued(folder) < ROWS:
        time.sleep(0.5)
    server.process.kill()
    server.process.wait()


def phase(folder, port, harmed, first, jobs):
    server = server_in(folder, port, harmed)
    try:
        for _, voice, lines in bench.scripts(8):
            for line in lines:
                bench.spoken(folder, voice, line)
        time.sleep(1)
        server.settled()
        rows = queued(folder)
        disk_takes(DISK_MS if harmed else 0)
        numbered = [(first + i, job) for i, job in enumerate(jobs)]

        def line(mine):
            return [bench.report_of(server, folder, number, *job[1:]) for number, job in mine]

        with ThreadPoolExecutor(LINES) as callers:
            reports = [report for line in callers.map(line, [numbered[i::LINES] for i in range(LINES)]) for report in line]
    finally:
        disk_takes(0)
        server.process.kill()
        server.process.wait()
    waits = [t["voice_to_voice_ms"] for r in reports for t in r["turns"] if t["voice_to_voice_ms"] is not None]
    print(f"  {'harmed' if harmed else 'well'}: {len(waits)} turns, {rows} rows queued, lost {sum(r['packets_lost'] for r in reports)} packets")
    return waits, [r["pacing_p99_ms"] for r in reports]


def main():
    print(f"{time.strftime('%Y-%m-%d')} {os.cpu_count()} cores, load {os.getloadavg()[0]:.2f}")
    silent, (crm, answering) = silent_crm(), well_crm()
    with tempfile.TemporaryDirectory(prefix="offhook-bench-") as name:
        full = Path(name) / "full"
        full.mkdir()
        try:
            full_outbox(full, silent)
            jobs = [job for job in bench.scripts(3) if job[0] in BESIDE]
            waits, pacing = {False: [], True: []}, {False: [], True: []}
            for n, harmed in enumerate([False, True, True, False] * ROUNDS):
                folder = Path(name) / str(n)
                folder.mkdir()
                if harmed:
                    for file in full.glob("offhook.db*"):
                        shutil.copy(file, folder)
                shutil.copytree(full / "voice", folder / "voice")
                found = phase(folder, silent if harmed else answering, harmed, 1000 * (n + 1), jobs)
                waits[harmed] += found[0]
                pacing[harmed] += found[1]
        finally:
            crm.terminate()
            crm.wait(30)
    print(f"  {'ms on the wire':24}{'p50':>8}{'p95':>8}{'max':>8}{'n':>6}{'pacing p99, median of calls':>30}{'worst':>8}")
    for harmed, found in waits.items():
        row = [bench.percentile(found, 0.5), bench.percentile(found, 0.95), max(found)]
        even = [bench.percentile(pacing[harmed], 0.5), max(pacing[harmed])]
        name = "harmed" if harmed else "well"
        print(f"  {name:24}{row[0]:8.0f}{row[1]:8.0f}{row[2]:8.0f}{len(found):6}{even[0]:30.1f}{even[1]:8.1f}")
    ratio = bench.percentile(waits[True], 0.95) / bench.percentile(waits[False], 0.95)
    even = bench.percentile(pacing[True], 0.5) / bench.percentile(pacing[False], 0.5)
    print(f"  p95 harmed : well = {ratio:.2f}; pacing harmed : well = {even:.2f}")
    print(f"load at the end {os.getloadavg()[0]:.2f}")


main()
