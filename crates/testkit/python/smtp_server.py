"""A real SMTP server for tests.

Argument: options as JSON. Standard input: one JSON command a line, each answered by one line on
standard output. The process ends when standard input does, so that it cannot outlive its test.
"""

import asyncio
import email
import email.policy
import json
import logging
import os
import ssl
import sys
import warnings

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

NO_FAULT = {
    "sender_reply": None,
    "recipient_reply": None,
    "content_reply": None,
    "reject_recipients": [],
    "busy_next": 0,
    "lose_reply_next": 0,
    "hang": None,
}


class Handler:
    def __init__(self, directory):
        self.directory = directory
        self.fault = dict(NO_FAULT)
        self.count = len([name for name in os.listdir(directory) if name.endswith(".eml")])

    async def hang_at(self, stage):
        while self.fault["hang"] == stage:
            await asyncio.sleep(0.02)

    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        await self.hang_at("hello")
        session.host_name = hostname
        return responses

    async def handle_MAIL(self, server, session, envelope, address, options):
        if self.fault["sender_reply"]:
            return self.fault["sender_reply"]
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):
        await self.hang_at("recipient")
        if self.fault["recipient_reply"]:
            return self.fault["recipient_reply"]
        if address in self.fault["reject_recipients"]:
            return "550 5.1.1 No such user here"
        if self.fault["busy_next"] > 0:
            self.fault["busy_next"] -= 1
            return "451 4.3.0 Try again later"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server, session, envelope):
        await self.hang_at("content")
        if self.fault["content_reply"]:
            return self.fault["content_reply"]
        self.store(session, envelope)
        if self.fault["lose_reply_next"] > 0:
            self.fault["lose_reply_next"] -= 1
            server.transport.abort()
        return "250 2.0.0 Stored"

    def store(self, session, envelope):
        self.count += 1
        name = os.path.join(self.directory, f"{self.count:06}")
        with open(name + ".eml", "wb") as file:
            file.write(envelope.original_content)
        mail = email.message_from_bytes(envelope.original_content, policy=email.policy.default)
        text = mail.get_body(("plain",))
        html = mail.get_body(("html",))
        record = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "headers": [[key, str(value)] for key, value in mail.items()],
            "text": content(text) if text else "",
            "html": content(html) if html else None,
            "encrypted": session.ssl is not None,
            "user": session.auth_data,
            "peer_port": session.peer[1],
        }
        with open(name + ".part", "w", encoding="utf-8") as file:
            json.dump(record, file)
        os.rename(name + ".part", name + ".json")


def content(part):
    return part.get_content().replace("\r\n", "\n")


def authenticator(user, password):
    def check(server, session, envelope, mechanism, data):
        ok = isinstance(data, LoginPassword) and data == LoginPassword(
            user.encode(), password.encode()
        )
        if not ok:
            return AuthResult(success=False, handled=False)
        return AuthResult(success=True, auth_data=user)

    return check


async def main():
    # Refused handshakes and the like are what the tests are about.
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    options = json.loads(sys.argv[1])
    handler = Handler(options["directory"])
    connections = set()
    context = None
    if options["security"] != "plain":
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(options["certificate"], options["key"])

    class Server(SMTP):
        def connection_made(self, transport):
            super().connection_made(transport)
            connections.add(transport)
            if options["security"] == "tls":
                self.session.ssl = transport.get_extra_info("ssl_object")

        def connection_lost(self, error):
            connections.discard(self.transport)
            super().connection_lost(error)

    def make():
        arguments = {"hostname": "localhost", "enable_SMTPUTF8": True, "loop": loop}
        if options["security"] == "starttls":
            arguments |= {"tls_context": context, "require_starttls": True}
        if options["user"] is not None:
            arguments |= {
                "auth_required": True,
                "auth_require_tls": False,
                "authenticator": authenticator(options["user"], options["password"]),
            }
        else:
            arguments["auth_exclude_mechanism"] = ["LOGIN", "PLAIN"]
        return Server(handler, **arguments)

    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        make,
        "127.0.0.1",
        options["port"],
        reuse_address=True,
        ssl=context if options["security"] == "tls" else None,
    )
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)

    def say(**answer):
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()

    say(port=server.sockets[0].getsockname()[1])
    while line := await reader.readline():
        command = json.loads(line)
        if "fault" in command:
            handler.fault = NO_FAULT | command["fault"]
        if command.get("cut"):
            for transport in list(connections):
                transport.abort()
        say(done=True)


asyncio.run(main())
