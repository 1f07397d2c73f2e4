"""Writes the first inputs of every target into fuzz/corpus: texts of the tests, and packets made here."""
import pathlib
import struct

ROOT = pathlib.Path(__file__).resolve().parent.parent
CORPUS = ROOT / "fuzz" / "corpus"


def crlf(text: bytes) -> bytes:
    return text.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def put(target: str, name: str, data: bytes) -> None:
    folder = CORPUS / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)


def record(other: int, packet: bytes) -> bytes:
    return bytes([min(len(packet), 255), other]) + packet[:255]


def rtp(sequence: int, payload_type: int, payload: bytes) -> bytes:
    return struct.pack("!BBHII", 0x80, payload_type, sequence, sequence * 160, 7) + payload


torture = sorted((ROOT / "tests" / "sip" / "rfc4475").iterdir())
phones = [ROOT / "tests" / "fuzz" / "seeds" / name for name in ("baresip.txt", "pjsua2.txt")]
for path in torture + phones:
    text = crlf(path.read_bytes())
    put("sip", path.name, text)
    put("stream", path.name, b"\x07" + text)
    put("endpoint", path.name, b"C" + text.replace(b"\x00", b""))
    put("endpoint", path.name + ".twice", b"\x05" + text.replace(b"\x00", b"") + b"\x00H" + text.replace(b"\x00", b""))
    head, _, body = text.partition(b"\r\n\r\n")
    if body.startswith(b"v="):
        put("sdp", path.name, body)
for path in (ROOT / "tests" / "fuzz" / "seeds").glob("*.sdp"):
    put("sdp", path.name, crlf(path.read_bytes()))

sound = b"".join(record(20, rtp(n, 0, bytes([n]) * 160)) for n in range(5))
keys = b"".join(record(20, rtp(n, 101, bytes([5, 0x80 if n > 3 else 10, n, 160]))) for n in range(6))
opus = b"".join(record(20, rtp(n, 96, bytes.fromhex("480be4c136ecc580"))) for n in range(4))
mixed = record(20, rtp(9, 13, b"\x20")) + record(60, rtp(11, 9, b"\xfa" * 160)) + record(1, rtp(10, 8, b"\xd5" * 80))
for name, data in {"sound": sound, "keys": keys, "opus": opus, "mixed": mixed}.items():
    put("rtp", name, data)
    put("srtp", name, b"\x01" + data)
    put("srtp", name + "5", b"\x05" + data)

quiet = b"".join(record(60, bytes(60)) for _ in range(6))
put("dtls", "whole", b"\x00" + quiet)
put("dtls", "changed", b"\x14" + b"".join(record(60, bytes([0] * 20 + [1 << n] + [0] * 39)) for n in range(8)))
put("dtls", "junk", b"\x00" + b"".join(record(9, bytes([20 + n]) + sound[: 40 + n]) for n in range(8)))

block = struct.pack("!IIIIII", 7, 0x40000009, 0x10007, 3, 0x12340000, 0x10000)
report = struct.pack("!BBHI", 0x81, 200, 12, 9) + bytes(20) + block
receiver = struct.pack("!BBHI", 0x81, 201, 7, 9) + block
bye = bytes.fromhex("81cb000101020304")
described = bytes.fromhex("81ca0003010203040102616200000000")
for name, data in {"report": report, "receiver": receiver, "bye": bye, "all": report + described + bye}.items():
    put("rtcp", name, record(50, data) * 3)

for number, challenge in enumerate(
    [
        b'Digest realm="x", nonce="abc", algorithm=MD5, qop="auth"',
        b'Digest realm="x\\"y", nonce="abc", opaque="o", algorithm=SHA-256, qop="auth,auth-int", stale=true',
        b'Digest realm=x,nonce=y\r\nWWW-Authenticate: Basic realm="z"\x00Digest realm="x", nonce="2", stale=true',
    ]
):
    put("digest", str(number), challenge)
