"""Secrets against the store: sessions, tokens and links, and the keys that the web derives.

Nothing is kept in the process: every server of the same store sees the same sign-ins.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from contado.kernel import records
from contado.kernel.errors import RecordNotFound, ScopeError, SettingError
from contado.kernel.identifiers import keyed_hash
from contado.kernel.records import credentials
from contado.web.security.principal import Principal
from contado.web.security.refusals import LinkUsedUp

if TYPE_CHECKING:
    from collections.abc import Callable

    from contado.kernel.records import Scope, Store
    from contado.kernel.records.credentials import Issued, SignedIn
    from contado.kernel.settings import Session

__all__ = ["Keeper"]


class Keeper:
    """Opens the records on first use and answers for whom a secret stands.

    Parameters
    ----------
    open_store
        Opens the records of the workspace.
    durations
        Returns the present settings of sessions.
    """

    def __init__(self, open_store: Callable[[], Store], durations: Callable[[], Session]) -> None:
        self._open = open_store
        self._durations = durations
        self._lock = threading.Lock()
        self._store: Store | None = None
        self.scope: Scope = records.Scope.system("web.sign_in")

    @property
    def store(self) -> Store:
        """The records; a visitor who only reads pages does not open them."""
        with self._lock:
            if self._store is None:
                self._store = self._open()
            return self._store

    def close(self) -> None:
        """Close the connections to the records."""
        with self._lock:
            if self._store is not None:
                self._store.close()

    def key(self, purpose: str) -> bytes:
        """Return a key of one purpose, derived from the workspace's.

        Raises
        ------
        SettingError
            The workspace has none.
        """
        if not self.store.key:
            raise SettingError(
                "The workspace has no key to sign forms with.",
                hint="set workspace.key in contado.toml to 32 random hexadecimal digits",
                field="workspace.key",
            )
        return hmac.new(self.store.key.encode(), purpose.encode(), hashlib.sha256).digest()

    def name_of_client(self, address: str) -> str:
        """Return a name of a client for counting: no network address is stored."""
        return keyed_hash(self.key("web.client").hex(), address)

    # ------------------------------------------------------------ who asks
    def by_session(self, secret: str, *, used: bool = True) -> Principal | None:
        """Return whom a session's cookie stands for; a session in use goes on, up to its longest end.

        A page that only listens (not ``used``) does not keep it open.
        """
        with self.store.reading(self.scope) as session:
            who = credentials.resolve(session, "session", secret)
        found = self._principal(who)
        if found is not None and who is not None:
            if used:
                self._prolong(who)
            return Principal(scope=found, via="session", credential=who)
        return None

    def by_token(self, secret: str) -> Principal | None:
        """Return whom a bearer token stands for."""
        with self.store.reading(self.scope) as session:
            who = credentials.resolve(session, "token", secret)
        found = self._principal(who)
        return None if found is None else Principal(scope=found, via="token", credential=who)

    def _principal(self, who: SignedIn | None) -> Scope | None:
        if who is None:
            return None
        try:
            return self.store.scope(who.account_id)
        except RecordNotFound:  # disabled between the two readings
            return None

    def _prolong(self, who: SignedIn) -> None:
        """Move the end of a session on, at most once in a tenth of its idle time."""
        idle = timedelta(hours=self._durations().idle_h)
        left = datetime.fromisoformat(who.expires_at) - datetime.now(UTC)
        wanted = min(idle, datetime.fromisoformat(who.data["until"]) - datetime.now(UTC))
        if wanted - left > idle / 10:
            with self.store.writing(self.scope) as session:
                credentials.prolong(session, who.id, minutes=wanted.total_seconds() / 60)

    # ------------------------------------------------------------ sessions begin and end
    def sign_in(self, account_id: str, *, old: str | None) -> Issued:
        """Open a session with a new secret; the one that the browser had is closed (rotation)."""
        durations = self._durations()
        until = datetime.now(UTC) + timedelta(hours=durations.longest_h)
        data = {"form": secrets.token_urlsafe(16), "until": until.isoformat()}
        minutes = 60 * min(durations.idle_h, durations.longest_h)
        with self.store.writing(self.scope) as session:
            if old:
                credentials.close(session, old)
            return credentials.open_session(session, account_id, minutes=minutes, data=data)

    def use_link(self, secret: str) -> str:
        """Use a one-time link; return its account.

        Raises
        ------
        LinkUsedUp
            It is unknown, expired or was used.
        """
        try:
            with self.store.writing(self.scope) as session:
                return credentials.use_link(session, secret).account_id
        except ScopeError:
            raise LinkUsedUp from None

    def sign_out(self, secret: str) -> None:
        """End a session."""
        with self.store.writing(self.scope) as session:
            credentials.close(session, secret)
