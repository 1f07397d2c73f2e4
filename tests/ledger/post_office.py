"""A mail server and a web address of their own: `post_office.py SMTP_PORT HTTP_PORT FOLDER`.

Each mail and each request is kept as a file. The first mail is put off (451), the first request answered with 503: what
comes again is kept under a number of its own. Written from RFC 5321, with nothing of offhook in it.
"""

import asyncio
import itertools
import json
import pathlib
import sys

FOLDER = pathlib.Path(sys.argv[3])
NUMBERS = itertools.count(1)
SEEN = {"mail": 0, "hook": 0}


def keep(kind, value):
    path = FOLDER / f"{kind}-{next(NUMBERS):03}.json"
    path.with_suffix(".part").write_text(json.dumps(value))
    path.with_suffix(".part").rename(path)


async def mail(reader, writer):
    async def say(line):
        writer.write(line.encode() + b"\r\n")
        await writer.drain()

    await say("220 post.example ready")
    sender, readers = None, []
    while line := await reader.readline():
        word = line.decode().strip()
        verb = word.upper()
        if verb.startswith(("EHLO", "HELO")):
            await say("250 post.example")
        elif verb.startswith("MAIL FROM:"):
            sender, readers = word[10:].split()[0], []
            SEEN["mail"] += 1
            await say("451 try again later" if SEEN["mail"] == 1 else "250 ok")
        elif verb.startswith("RCPT TO:"):
            readers.append(word[8:].split()[0])
            await say("250 ok")
        elif verb == "DATA":
            await say("354 go on")
            lines = []
            while (text := (await reader.readline()).decode()) not in (".\r\n", ""):
                lines.append(text[1:] if text.startswith("..") else text)
            keep("mail", {"from": sender, "to": readers, "text": "".join(lines)})
            await say("250 kept")
        elif verb == "QUIT":
            await say("221 bye")
            break
        else:
            await say("250 ok")
    writer.close()


async def web(reader, writer):
    try:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            headers = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
            # Values keep their case: signatures are compared.
            values = {line.split(": ", 1)[0].lower(): line.split(": ", 1)[1] for line in head.split("\r\n")[1:] if ": " in line}
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            SEEN["hook"] += 1
            status = "503 Service Unavailable" if SEEN["hook"] == 1 else "204 No Content"
            keep("hook" if SEEN["hook"] > 1 else "refused", {"headers": values, "body": body.decode()})
            writer.write(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode())
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def main():
    await asyncio.start_server(mail, "127.0.0.1", int(sys.argv[1]))
    server = await asyncio.start_server(web, "127.0.0.1", int(sys.argv[2]))
    async with server:
        await server.serve_forever()


asyncio.run(main())
