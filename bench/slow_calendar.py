"""Two lines of callers who ask and leave messages, beside one who books on a CalDAV server (Xandikos).

The server is reached through a proxy of ours that holds every request back: not at all (well) or for five seconds
(slow), in the order well, slow, slow, well. Told is what the callers beside it waited for, on the wire. Called by
slow_calendar.sh; needs OFFHOOK, xandikos, flite and the models.
"""
import asyncio
import os
import socket
import subprocess
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import voice_to_voice as bench

ROUNDS = int(os.environ.get("ROUNDS", "1"))
SLOW_SECONDS = 5
LINES = 2
BESIDE = ["asks", "leaves a message"]


class Proxy:
    """Hands bytes on to a port, requests after a while."""

    def __init__(self, upstream):
        self.upstream, self.seconds, self.held = upstream, 0, 0
        self.port = free_port()
        threading.Thread(target=lambda: asyncio.run(self.serve()), daemon=True).start()

    async def serve(self):
        async with await asyncio.start_server(self.joined, "127.0.0.1", self.port) as server:
            await server.serve_forever()

    async def joined(self, reader, writer):
        up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self.upstream)
        await asyncio.gather(self.copy(reader, up_writer, True), self.copy(up_reader, writer, False))

    async def copy(self, reader, writer, held):
        try:
            while data := await reader.read(65536):
                if held and self.seconds:
                    self.held += 1
                    await asyncio.sleep(self.seconds)
                writer.write(data)
                await writer.drain()
        except ConnectionError:
            pass
        writer.close()


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def xandikos(folder):
    port = free_port()
    command = ["xandikos", "-d", folder, "--defaults", "--current-user-principal", "/desk/", "-l", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(300):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return process, port
        time.sleep(0.1)
    raise SystemExit("xandikos does not start")


def phase(server, folder, first, jobs):
    """The calls beside the booking one; it books again and again until they are done."""
    done = threading.Event()

    def books():
        kinds = [job for job in bench.scripts(8) if job[0] == "books"]
        count = 0
        while not done.is_set():
            bench.place(server, folder, first + 500 + count, *kinds[count % len(kinds)][1:])
            count += 1
        return count

    def line(mine):
        return [bench.place(server, folder, number, *job[1:]) for number, job in mine]

    numbered = [(first + i, job) for i, job in enumerate(jobs)]
    with ThreadPoolExecutor(LINES + 1) as callers:
        booking = callers.submit(books)
        lines = [callers.submit(line, numbered[i::LINES]) for i in range(LINES)]
        calls = [call for line in lines for call in line.result()]
        done.set()
        booked = booking.result()
    return [t["voice_to_voice_ms"] for r, _ in calls for t in r["turns"] if t["voice_to_voice_ms"] is not None], booked


def main():
    print(f"{time.strftime('%Y-%m-%d')} {os.cpu_count()} cores, load {os.getloadavg()[0]:.2f}")
    with tempfile.TemporaryDirectory(prefix="offhook-bench-") as name:
        folder = Path(name)
        calendar, port = xandikos(folder / "calendar")
        proxy = Proxy(port)
        server = bench.Server(folder, f'[calendar]\nkind = "caldav"\nurl = "http://127.0.0.1:{proxy.port}/"\n')
        try:
            for _, voice, lines in bench.scripts(8):
                for line in lines:
                    bench.spoken(folder, voice, line)
            server.settled()
            jobs = [job for job in bench.scripts(3) if job[0] in BESIDE]
            waits = {0: [], SLOW_SECONDS: []}
            for n, seconds in enumerate([0, SLOW_SECONDS, SLOW_SECONDS, 0] * ROUNDS):
                proxy.seconds, proxy.held = seconds, 0
                turns, booked = phase(server, folder, 1000 * (n + 1), jobs)
                waits[seconds] += turns
                print(f"  requests held {seconds} s: {len(turns)} turns, beside them {booked} calls that book, {proxy.held} requests held")
            print(f"  {'ms on the wire':24}{'p50':>8}{'p95':>8}{'max':>8}{'n':>6}")
            for seconds, found in waits.items():
                row = [bench.percentile(found, 0.5), bench.percentile(found, 0.95), max(found)]
                print(f"  {'slow' if seconds else 'well':24}{row[0]:8.0f}{row[1]:8.0f}{row[2]:8.0f}{len(found):6}")
            slow, well = (bench.percentile(waits[seconds], 0.95) for seconds in (SLOW_SECONDS, 0))
            print(f"  p95 slow : well = {slow / well:.2f}")
        finally:
            server.stop()
            calendar.terminate()
            calendar.wait(30)
    print(f"load at the end {os.getloadavg()[0]:.2f}")


main()
