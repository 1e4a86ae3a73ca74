#!/usr/bin/env python3
"""A small service with accounts and transfers, to stand behind Countersign in an example.

    python3 service.py [PORT]

What is below /accounts/{account} wants the header Authorization as it is in service-credential.txt beside this file.

POST /accounts/{account}/transfers   {"iban": "…", "amount": 250.00, "reference": "…"}
                                     409 if the account has a transfer with this reference
GET  /accounts/{account}/transfers?reference=…
                                     the transfers with this reference, without where the money went
GET  /accounts                       every account with its balance and its transfers

Everything is in memory and is gone with the process. Python 3 and its standard library are enough.
"""

import json
import re
import sys
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock
from urllib.parse import parse_qs, urlsplit

DEFAULT_PORT = 8095
BODY_BYTES_MAX = 64 * 1024
TRANSFERS = re.compile(r"/accounts/([a-z0-9-]+)/transfers")

ACCOUNTS = {
    "travel": {"balance": Decimal("5000.00"), "transfers": []},
    "office": {"balance": Decimal("800.00"), "transfers": []},
}
# Calls come on several threads.
LOCK = Lock()


CREDENTIAL_FILE = Path(__file__).with_name("service-credential.txt")


class Refused(Exception):
    """A call that is not carried out: a status and a sentence."""

    def __init__(self, status, message):
        super().__init__(message)
        self.status = status


def transfer(account, order):
    """Takes money from an account; returns the transfer."""
    if not isinstance(order, dict) or not isinstance(order.get("amount"), (int, Decimal)):
        raise Refused(400, "Send iban, amount and reference.")
    amount = Decimal(order["amount"])
    if amount <= 0:
        raise Refused(400, "Send an amount above 0.")
    with LOCK:
        if account not in ACCOUNTS:
            raise Refused(404, f"There is no account {account}.")
        held = ACCOUNTS[account]
        if any(made["reference"] == order.get("reference") for made in held["transfers"]):
            raise Refused(409, "The account has a transfer with this reference.")
        if held["balance"] < amount:
            raise Refused(409, f"The account {account} holds only {held['balance']}.")
        held["balance"] -= amount
        done = {
            "id": f"{account}-{len(held['transfers']) + 1}",
            "iban": order.get("iban"),
            "amount": amount,
            "reference": order.get("reference"),
        }
        held["transfers"].append(done)
        # What it answers is kept and shown by Countersign, so it does not repeat the account number.
        return {"id": done["id"], "balance": held["balance"]}


def transfers(account, reference):
    """The transfers of an account with a reference."""
    with LOCK:
        if account not in ACCOUNTS:
            raise Refused(404, f"There is no account {account}.")
        made = [one for one in ACCOUNTS[account]["transfers"] if one["reference"] == reference]
        return {"transfers": [{"id": one["id"], "amount": one["amount"]} for one in made]}


class Handler(BaseHTTPRequestHandler):
    """One call."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        asked = urlsplit(self.path)
        account = TRANSFERS.fullmatch(asked.path)
        try:
            if account is not None:
                self.check_credential()
                reference = parse_qs(asked.query).get("reference", [""])[0]
                self.answer(200, transfers(account.group(1), reference))
            elif asked.path == "/accounts":
                with LOCK:
                    self.answer(200, ACCOUNTS)
            else:
                raise Refused(404, "There is only GET /accounts and GET /accounts/{account}/transfers.")
        except Refused as refused:
            self.answer(refused.status, {"message": str(refused)})

    def do_POST(self):
        try:
            account = TRANSFERS.fullmatch(self.path)
            if account is None:
                raise Refused(404, "There is only POST /accounts/{account}/transfers.")
            self.check_credential()
            self.answer(201, transfer(account.group(1), self.body()))
        except Refused as refused:
            self.answer(refused.status, {"message": str(refused)})

    def check_credential(self):
        """Only whoever has the credential transfers money or sees what was transferred."""
        wanted = CREDENTIAL_FILE.read_text(encoding="ascii").strip()
        if self.headers.get("Authorization") != wanted:
            raise Refused(401, "Send the credential of this service.")

    def body(self):
        length = int(self.headers.get("Content-Length") or 0)
        if length > BODY_BYTES_MAX:
            self.close_connection = True
            raise Refused(413, "Send less.")
        try:
            return json.loads(self.rfile.read(length), parse_float=Decimal)
        except ValueError:
            raise Refused(400, "Send JSON.") from None

    def answer(self, status, value):
        # Amounts go out as texts, so that no digit is lost.
        body = json.dumps(value, default=str, indent=2).encode() + b"\n"
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, form, *values):
        print(form % values, file=sys.stderr)


def main():
    port = int(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT_PORT
    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    print(f"listening on http://127.0.0.1:{server.server_port}", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
