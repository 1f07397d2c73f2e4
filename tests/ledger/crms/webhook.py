"""Whoever listens at a web address: a workflow of n8n, Make or Zapier that checks the signature and keeps a table.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md (headers, signature, ids)
"""

import base64
import hashlib
import hmac
import time

from ledger import Ledger, Reply, serve

SECRET = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")


class Listener(Ledger):
    kinds = {"contact": {}, "activity": {}, "task": {}, "deal": {}}
    scheme = None

    def __init__(self, options):
        super().__init__(options)
        self.heard = {}

    def unauthorized(self):
        return Reply(401, {"message": "the signature is not ours"})

    def throttled(self, seconds):
        return Reply(429, {"message": "too many"}, {"Retry-After": str(seconds)})

    def add(self, order):
        return None

    def answer(self, method, target, headers, raw):
        # The signature is over the bytes, before anything is read from them.
        if target != "/_control":
            signed = f"{headers.get('webhook-id')}.{headers.get('webhook-timestamp')}.".encode() + raw
            tag = "v1," + base64.b64encode(hmac.new(SECRET, signed, hashlib.sha256).digest()).decode()
            fresh = abs(time.time() - int(headers.get("webhook-timestamp", 0))) < 300
            if not fresh or tag not in headers.get("webhook-signature", "").split(" "):
                return self.unauthorized(), None
        return super().answer(method, target, headers, raw)

    def handle(self, method, path, query, headers, body):
        if method != "POST" or set(body) != {"type", "timestamp", "data"}:
            raise Reply(400, {"message": "type, timestamp and data are expected"})
        # "the unique identifier can be used as an idempotency key"
        if headers["webhook-id"] in self.heard:
            return Reply(200, self.heard[headers["webhook-id"]])
        kind, action = body["type"].split(".")
        data = body["data"]
        if action == "create":
            for name in data["fields"]:
                if name == "sentiment" and data["fields"][name] not in ("positive", "neutral", "negative"):
                    raise Reply(422, {"message": "no such sentiment", "field": "sentiment"})
            # offhook forgets what was taken when it stops: a key that is known is that record.
            known = [one for one in self.records[kind].values() if one["key"] == data["key"]]
            record = known[0] if known else {"id": str(self.fresh()), "key": data["key"], "fields": {}}
            record["fields"] = {**record["fields"], **data["fields"]}
            self.records[kind][record["id"]] = record
        else:
            record = self.records[kind].get(data["id"])
            if record is None:
                raise Reply(410, {"message": "no such record"})
            record["fields"] = {**record["fields"], **data.get("fields", {})}
            if action == "delete":
                del self.records[kind][data["id"]]
        self.touch(kind, record)
        answer = {"id": record["id"]}
        self.heard[headers["webhook-id"]] = answer
        return Reply(200, answer)


serve(Listener)
