"""A CalDAV server on a bad day: `sick_dav.py slow|broken PORT`. Slow answers after five seconds, broken answers nonsense."""

import asyncio
import sys

SLOW_SECONDS = 5
NONSENSE = b"<html><body>It works!</body></html>"


async def serve(reader, writer):
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            length = 0
            for line in head.split(b"\r\n"):
                name, _, value = line.partition(b":")
                if name.strip().lower() == b"content-length":
                    length = int(value)
            await reader.readexactly(length)
            if sys.argv[1] == "slow":
                await asyncio.sleep(SLOW_SECONDS)
            body = NONSENSE
            writer.write(
                b"HTTP/1.1 207 Multi-Status\r\nContent-Type: application/xml\r\nContent-Length: %d\r\n\r\n%s"
                % (len(body), body)
            )
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", int(sys.argv[2]))
    async with server:
        await server.serve_forever()


asyncio.run(main())
