"""A chat-completions endpoint as strangers write them, in a process of its own.

POST /v1/chat/completions (platform.openai.com/docs/api-reference/chat/create; streaming: .../chat/streaming): fields we
do not know are refused, as is a wrong key. The model's name says how this server behaves: "say:TEXT" streams TEXT.
GET /asked tells how many completions were asked for, GET /last the last request.
"""

import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

KEY = "Bearer a-key-of-the-test"
KNOWN = {"model", "messages", "stream", "temperature", "max_tokens", "response_format"}
STALL_SECONDS = 20
asked = 0
last = {}


class Endpoint(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.plain(200, json.dumps(asked if self.path == "/asked" else last))

    def do_POST(self):
        global asked, last
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        asked, last = asked + 1, body
        if self.path != "/v1/chat/completions":
            return self.plain(404, "no such thing")
        if self.headers["Authorization"] != KEY:
            return self.plain(401, '{"error":{"message":"Incorrect API key provided"}}')
        schema = body.get("response_format", {}).get("json_schema", {})
        if set(body) - KNOWN or body.get("stream") is not True or not schema.get("strict"):
            return self.plain(400, '{"error":{"message":"Unrecognized request argument"}}')
        if any(message["role"] not in ("system", "user") for message in body["messages"]):
            return self.plain(400, '{"error":{"message":"Invalid role"}}')
        mode, _, rest = body["model"].partition(":")
        try:
            getattr(self, "mode_" + mode)(rest)
        except OSError:
            self.close_connection = True

    def mode_say(self, text):
        self.start()
        self.delta({"role": "assistant", "content": ""})
        for at in range(0, len(text), 3):
            self.delta({"content": text[at : at + 3]})
        self.delta({}, "stop")
        self.event("[DONE]")
        self.chunk(b"")

    def mode_half(self, text):
        self.start()
        self.delta({"content": text[: len(text) // 2]})
        self.close_connection = True

    def mode_undone(self, text):
        """Every byte of the answer, and never a word that it is over."""
        self.start()
        self.delta({"content": text})
        self.chunk(b"")

    def mode_cut(self, text):
        self.start()
        self.delta({"content": text}, "length")
        self.chunk(b"")

    def mode_stall(self, _):
        time.sleep(STALL_SECONDS)

    def mode_drip(self, text):
        self.start()
        for letter in text:
            self.delta({"content": letter})
            time.sleep(1)

    def mode_status(self, status):
        self.plain(int(status), '{"error":{"message":"no"}}')

    def mode_page(self, _):
        self.plain(200, "<html>Sign in to the hotel's network</html>\n" * 3)

    def mode_bytes(self, _):
        self.plain(200, "data: \x00\x01\x02\n")

    def mode_error(self, _):
        self.start()
        self.event('{"error":{"message":"overloaded"}}')
        self.chunk(b"")

    def mode_tool(self, _):
        self.start()
        self.delta({"tool_calls": [{"index": 0, "function": {"name": "book", "arguments": "{}"}}]})
        self.delta({}, "tool_calls")
        self.chunk(b"")

    def mode_endless(self, _):
        self.start()
        for _ in range(100_000):
            self.delta({"content": " "})

    def mode_elsewhere(self, _):
        self.send_response(307)
        self.send_header("Location", "/stolen")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def start(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def delta(self, delta, finish=None):
        choice = {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}
        self.event(json.dumps({"id": "c", "object": "chat.completion.chunk", "choices": [choice]}, ensure_ascii=False))

    def event(self, data):
        self.chunk(f"data: {data}\n\n".encode())

    def chunk(self, data):
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()

    def plain(self, status, text):
        data = text.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


server = ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
server.daemon_threads = True
print(server.server_port, flush=True)
# Ends with the test: its end of the pipe closes.
threading.Thread(target=server.serve_forever, daemon=True).start()
sys.stdin.read()
