"""Signatures by the library of Standard Webhooks, which shares nothing with offhook.

Reads a JSON object a line. {"do": "verify", "secret", "headers", "body"} prints "ok" or why not;
{"do": "sign", "secret", "id", "at", "body"} prints the signature; "zoom" and "hex" print what Zoom signs with.
"""

import datetime
import hashlib
import hmac
import json
import sys

from standardwebhooks import Webhook

for line in sys.stdin:
    asked = json.loads(line)
    try:
        webhook = Webhook(asked["secret"]) if asked["do"] in ("verify", "sign") else None
        if asked["do"] == "verify":
            webhook.verify(asked["body"], asked["headers"])
            print("ok")
        elif asked["do"] == "zoom":
            message = f"v0:{asked['at']}:{asked['body']}".encode()
            print("v0=" + hmac.new(asked["secret"].encode(), message, hashlib.sha256).hexdigest())
        elif asked["do"] == "hex":
            print(hmac.new(asked["secret"].encode(), asked["body"].encode(), hashlib.sha256).hexdigest())
        else:
            at = datetime.datetime.fromtimestamp(asked["at"], datetime.timezone.utc)
            print(webhook.sign(asked["id"], at, asked["body"]))
    except Exception as error:  # whatever it is, it is the answer
        print(f"{type(error).__name__}: {error}")
    sys.stdout.flush()
