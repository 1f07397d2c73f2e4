"""A siege of one `offhook serve`: floods, scans, spoofed calls, sprayed media. Prints what it did to us; exits 1 on harm.

Usage: siege.py SIP_HOST:PORT PID LOG SECONDS
"""

import os
import re
import socket
import struct
import sys
import threading
import time
from multiprocessing import Process, Value

TARGET = (sys.argv[1].rsplit(":", 1)[0], int(sys.argv[1].rsplit(":", 1)[1]))
PID, LOG, SECONDS = int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
GROWTH_MAX_KIB = 20 * 1024
BACK_MAX_S = 2.0
failures = []


def rss_kib() -> int:
    with open(f"/proc/{PID}/status") as status:
        return int(re.search(r"VmRSS:\s+(\d+)", status.read()).group(1))


def say(name: str, good: bool, what: str) -> None:
    print(f"{name:34} {'ok  ' if good else 'FAIL'} {what}", flush=True)
    if not good:
        failures.append(name)


def sip_socket(ip: str) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind((ip, 0))
    sock.settimeout(1.0)
    return sock


def request(method: str, ip: str, port: int, mark: str, cseq: int = 1, to_tag: str = "", body: str = "", more: str = "") -> bytes:
    tag = f";tag={to_tag}" if to_tag else ""
    kind = "Content-Type: application/sdp\r\n" if body else ""
    return (
        f"{method} sip:desk@{TARGET[0]}:{TARGET[1]} SIP/2.0\r\nVia: SIP/2.0/UDP {ip}:{port};branch=z9hG4bK{mark}{cseq}{method};rport\r\n"
        f"Max-Forwards: 70\r\nFrom: <sip:+1212555{hash(mark) % 10000:04}@{ip}>;tag=a{mark}\r\nTo: <sip:desk@{TARGET[0]}>{tag}\r\n"
        f"Call-ID: {mark}@{ip}\r\nCSeq: {cseq} {method}\r\nContact: <sip:x@{ip}:{port}>\r\n{more}{kind}"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


def sdp(ip: str, port: int) -> str:
    return f"v=0\r\no=- 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\nm=audio {port} RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/8000\r\n"


def call(ip: str, mark: str, hold_s: float = 0.0, wait_s: float = 1.0):
    """One call: seconds to its 200, or the final status, or None."""
    sock = sip_socket(ip)
    port = sock.getsockname()[1]
    invite = request("INVITE", ip, port, mark, body=sdp(ip, 40000))
    began, until = time.monotonic(), time.monotonic() + wait_s
    sock.sendto(invite, TARGET)
    sock.settimeout(0.5)
    while time.monotonic() < until:
        try:
            answer = sock.recv(65536).decode("latin1")
        except TimeoutError:
            sock.sendto(invite, TARGET)
            continue
        status = int(answer.split(" ")[1]) if answer.startswith("SIP/2.0 ") else 0
        if status < 200:
            continue
        took = time.monotonic() - began
        tag = re.search(r"(?mi)^To:.*tag=([^;\s]+)", answer).group(1)
        sock.sendto(request("ACK", ip, port, mark, to_tag=tag), TARGET)
        if status == 200:
            time.sleep(hold_s)
            sock.sendto(request("BYE", ip, port, mark, cseq=2, to_tag=tag), TARGET)
        return took if status == 200 else -status
    return None


def flood(method: str, ip: str, seconds: float, sent) -> None:
    sock = sip_socket(ip)
    sock.setblocking(False)
    port = sock.getsockname()[1]
    body = sdp(ip, 40000) if method == "INVITE" else ""
    head, tail = request(method, ip, port, "@@@@@@@@@@@@", body=body), time.monotonic() + seconds
    parts, n = head.split(b"@@@@@@@@@@@@"), 0
    while True:
        if n % 500 == 0 and time.monotonic() > tail:
            break
        try:
            sock.sendto(f"{os.getpid() % 1000:03}{n:09}".encode().join(parts), TARGET)
            n += 1
        except BlockingIOError:
            pass
    with sent.get_lock():
        sent.value += n


def floods() -> None:
    before, peak = rss_kib(), 0
    sent = Value("Q", 0)
    # One from where calls are taken from, one from a stranger.
    kinds = [("REGISTER", "127.0.0.1"), ("INVITE", "127.0.0.1"), ("REGISTER", "127.9.0.1"), ("INVITE", "127.9.0.1")]
    workers = [Process(target=flood, args=(method, ip, SECONDS, sent)) for method, ip in kinds]
    for worker in workers:
        worker.start()
    while any(worker.is_alive() for worker in workers):
        peak = max(peak, rss_kib())
        time.sleep(0.2)
    over, back = time.monotonic(), None
    for attempt in range(100):
        if (call("127.0.0.2", f"back{attempt}") or -1) > 0:
            back = time.monotonic() - over
            break
    same = None
    for attempt in range(100):
        if (call("127.0.0.1", f"same{attempt}") or -1) > 0:
            same = time.monotonic() - over
            break
    grown = peak - before
    say("flood: memory", grown < GROWTH_MAX_KIB, f"+{grown / 1024:.1f} MB at most, {sent.value} messages in {SECONDS} s")
    say("flood: service back", back is not None and back <= BACK_MAX_S, f"{back and round(back, 2)} s; from the flooding address {same and round(same, 2)} s")


def scans() -> None:
    stop = threading.Event()
    counts = {"sent": 0, "heard": 0}

    def scan() -> None:
        sock, n = sip_socket("127.0.0.1"), 0
        sock.setblocking(False)
        port, begun = sock.getsockname()[1], time.monotonic()
        while not stop.is_set():
            method = ["OPTIONS", "REGISTER", "INVITE"][n % 3]
            more = f"User-Agent: {['friendly-scanner', 'sipcli/v1.8', 'SIPVicious'][n // 3 % 3]}\r\n"
            sock.sendto(request(method, "127.0.0.1", port, f"scan{n}", more=more), TARGET)
            n += 1
            counts["sent"] = n
            try:
                counts["heard"] += len(sock.recv(65536))
            except BlockingIOError:
                pass
            # A little more than a hundred a second, however late this thread is.
            time.sleep(max(0.0, begun + n / 120 - time.monotonic()))

    thread = threading.Thread(target=scan)
    thread.start()
    began, served = time.monotonic(), 0
    for n in range(200):
        served += (call("127.0.0.1", f"fair{n}") or -1) > 0
        time.sleep(0.02)
    stop.set()
    thread.join()
    rate = counts["sent"] / (time.monotonic() - began)
    say("scans: calls served", served == 200, f"{served} of 200 at {rate:.0f} scans/s, {counts['heard']} bytes told to the scanner")


def strangers() -> None:
    sock = sip_socket("127.9.0.2")
    port, out, heard, n = sock.getsockname()[1], 0, 0, 0
    kinds = ["INVITE", "REGISTER", "OPTIONS", "BYE", "SUBSCRIBE", "CANCEL", "ACK", "FOO"]
    until = time.monotonic() + min(SECONDS, 40)
    sock.settimeout(0.05)
    while time.monotonic() < until:
        if n < 400:
            message = request(kinds[n % len(kinds)], "127.9.0.2", port, f"odd{n}", body=sdp("127.9.0.2", 41000) if n % 8 == 0 else "")
            out += len(message)
            sock.sendto(message, TARGET)
            n += 1
        try:
            heard += len(sock.recv(65536))
        except TimeoutError:
            pass
    say("strangers: bytes back", heard <= 1.2 * out, f"{heard} for {out}: {heard / out:.2f} times")


def spoofed() -> None:
    """An INVITE whose media address is somebody else's, never acknowledged."""
    victim = sip_socket("127.0.0.5")
    victim.settimeout(0.2)
    sock = sip_socket("127.0.0.1")
    port = sock.getsockname()[1]
    sock.sendto(request("INVITE", "127.0.0.1", port, "spoof", body=sdp("127.0.0.5", victim.getsockname()[1])), TARGET)
    sock.settimeout(0.2)
    out, until, answers = 0, time.monotonic() + 34, 0
    while time.monotonic() < until:
        try:
            answers += b" 200 " in sock.recv(65536)[:16]
        except TimeoutError:
            pass
        try:
            out += len(victim.recv(65536))
        except TimeoutError:
            pass
    say("spoofed: media before the ACK", out == 0 and answers > 1, f"{out} bytes, {answers} answers in 34 s")


def logged() -> None:
    with open(LOG, errors="replace") as log:
        text = log.read()
    told = len(re.findall(r"refused", text))
    raw = re.findall(r"(?m)^.*(?:Via: SIP|CSeq: |Call-ID: ).*$", text)
    say("log: refusals with their source", 0 < told < 2000 and "127.9.0" in text, f"{told} lines")
    say("log: no raw message", not raw, f"{len(raw)} lines with one")


strangers()
spoofed()
scans()
floods()
logged()
print("held" if not failures else f"FAILED: {', '.join(failures)}")
sys.exit(bool(failures))
