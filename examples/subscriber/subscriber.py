"""A small subscriber: takes events of Countersign, checks each signature, drops repeats, prints the rest.

    export SUBSCRIBER_SECRET="whsec_$(head -c 32 /dev/urandom | base64)"
    pip install standardwebhooks
    python3 examples/subscriber/subscriber.py --port 8070
    cargo run --release -- demo --subscriptions examples/subscriber/subscriptions.toml

The check is that of the official library of Standard Webhooks; all else is Python's standard library.
"""

import argparse
import http.server
import json
import os
import threading

from standardwebhooks import Webhook, WebhookVerificationError

BODY_BYTES_MAX = 4 * 1024 * 1024


def line_of(event):
    """One line for people, of either format."""
    data = event["data"]
    if event.get("eventName") == "requestWorkflowEvent":
        before = data.get("previousRequestState", "-")
        return f"{data['requestType']} {data['requestId']}: {before} -> {data['currentRequestState']}"
    if event["type"] == "sample":
        return f"a sample for the subscription {data['subscription']}"
    who = data["actor"]["userName"]
    return f"{data['requestType']} {data['requestId']}: {event['type']} by {who}, now {data['state']}"


def handler(webhook, seen):
    """Answers 204 once an event is taken, and 401 to what is not signed with the secret."""
    lock = threading.Lock()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            length = int(self.headers.get("content-length", 0))
            if length > BODY_BYTES_MAX:
                return self.answer(413)
            body = self.rfile.read(length)
            headers = {name.lower(): value for name, value in self.headers.items()}
            try:
                webhook.verify(body, headers)
            except WebhookVerificationError:
                return self.answer(401)
            # A real subscriber keeps the ids where it keeps what it did with the events.
            with lock:
                if headers["webhook-id"] not in seen:
                    seen.add(headers["webhook-id"])
                    print(line_of(json.loads(body)), flush=True)
            return self.answer(204)

        def answer(self, status):
            self.send_response(status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    return Handler


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=8070)
    arguments = parser.parse_args()
    secret = os.environ.get("SUBSCRIBER_SECRET")
    if not secret:
        parser.error("set SUBSCRIBER_SECRET to the secret that the subscription names")
    webhook = Webhook(secret)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", arguments.port), handler(webhook, set()))
    print(f"listening on http://127.0.0.1:{server.server_address[1]}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
