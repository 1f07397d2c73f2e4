"""Signatures by the library of Standard Webhooks, which shares nothing with offhook.

Reads a JSON object a line. {"do": "verify", "secret", "headers", "body"} prints "ok" or why not;
{"do": "sign", "secret", "id", "at", "body"} prints the signature.
"""

import datetime
import json
import sys

from standardwebhooks import Webhook

for line in sys.stdin:
    asked = json.loads(line)
    webhook = Webhook(asked["secret"])
    try:
        if asked["do"] == "verify":
            webhook.verify(asked["body"], asked["headers"])
            print("ok")
        else:
            at = datetime.datetime.fromtimestamp(asked["at"], datetime.timezone.utc)
            print(webhook.sign(asked["id"], at, asked["body"]))
    except Exception as error:  # whatever it is, it is the answer
        print(f"{type(error).__name__}: {error}")
    sys.stdout.flush()
