"""Transports of the outbox: electronic mail over SMTP and web hooks over HTTPS, both of the standard library.

The server is taken from the environment, so that no secret stands in a file of the workspace:
``CONTADO_SMTP_HOST``, ``_PORT`` (587), ``_USER``, ``_PASSWORD``, ``_FROM``, ``_TLS`` (starttls, tls, none);
``CONTADO_PEC_...`` in the same way for certified mail.
"""

from __future__ import annotations

import os
import smtplib
import ssl
import urllib.request
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import TYPE_CHECKING, Literal

import msgspec

from contado.kernel.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from contado.kernel.records.outbox import Transport

__all__ = ["Smtp", "Webhook", "from_environment"]

_TIMEOUT_S = 30.0


class Smtp(msgspec.Struct, frozen=True, kw_only=True):
    """A mail server."""

    host: str
    port: int = 587
    sender: str
    user: str = ""
    password: str = ""
    tls: Literal["starttls", "tls", "none"] = "starttls"

    def send(self, address: str, subject: str, body: str) -> None:
        """Send a message of plain text (`OSError`, of which `smtplib.SMTPException` is one, on failure)."""
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = self.sender, address, subject
        message["Date"], message["Message-ID"] = formatdate(localtime=False), make_msgid()
        message.set_content(body)
        with self._connect() as server:
            if self.user:
                server.login(self.user, self.password)
            server.send_message(message)

    def _connect(self) -> smtplib.SMTP:
        if self.tls == "tls":
            context = ssl.create_default_context()
            return smtplib.SMTP_SSL(self.host, self.port, timeout=_TIMEOUT_S, context=context)
        server = smtplib.SMTP(self.host, self.port, timeout=_TIMEOUT_S)
        if self.tls == "starttls":
            server.starttls(context=ssl.create_default_context())
        return server


class Webhook(msgspec.Struct, frozen=True, kw_only=True):
    """Posts ``{"subject", "body"}`` as JSON to the address of the message, over HTTPS only."""

    def send(self, address: str, subject: str, body: str) -> None:
        """Post a message (`OSError` on failure; `urllib.error.URLError` is one)."""
        if not address.startswith("https://"):
            raise OSError(f"{address} is no https address")
        request = urllib.request.Request(  # noqa: S310 - https was checked
            address,
            data=msgspec.json.encode({"subject": subject, "body": body}),
            headers={"Content-Type": "application/json"},
            method="POST",
        )
        with urllib.request.urlopen(request, timeout=_TIMEOUT_S):  # noqa: S310 - https was checked
            pass


def from_environment(environment: Mapping[str, str] | None = None) -> dict[str, Transport]:
    """Return the transports that the environment describes, by channel; web hooks always.

    Raises
    ------
    UsageError
        A variable is wrong or missing (rule ``bad_value``).
    """
    given = os.environ if environment is None else environment
    found: dict[str, Transport] = {"webhook": Webhook()}
    for channel, prefix in (("email", "CONTADO_SMTP_"), ("pec", "CONTADO_PEC_")):
        if f"{prefix}HOST" in given:
            found[channel] = _smtp(given, prefix)
    return found


def _smtp(given: Mapping[str, str], prefix: str) -> Smtp:
    names = {
        "HOST": "host",
        "PORT": "port",
        "USER": "user",
        "PASSWORD": "password",
        "FROM": "sender",
        "TLS": "tls",
    }
    values = {field: given[prefix + name] for name, field in names.items() if prefix + name in given}
    try:
        return msgspec.convert(values, Smtp, strict=False)
    except msgspec.ValidationError as error:
        raise UsageError(
            f"The environment variables {prefix}... do not describe a mail server: {error}.",
            rule="bad_value",
            hint=f"{prefix}HOST, {prefix}FROM; optional PORT, USER, PASSWORD, TLS (starttls, tls, none)",
            field=prefix,
        ) from None
