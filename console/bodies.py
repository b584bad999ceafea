"""How many bytes of a request's body the gateway reads: of webhooks what the receiver decides, of operators' forms
little, of everything else nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bridge.gateway import Receiver
from console.password import Password, bearer

SIGN_IN = 4096
"""A password, or the answer of an OIDC provider. Anybody may send one."""
MOST = 65_536
"""Of a form or a JSON text by an operator."""


class Bodies:
    """Beside the receiver. `is_ours`: whether the value of a cookie is one of the console's; None without a console."""

    def __init__(
        self,
        receiver: Receiver,
        password: Password | None,
        is_ours: Callable[[str], bool] | None,
        cookies: tuple[str, ...],
    ) -> None:
        self._receiver = receiver
        self._password = password
        self._is_ours = is_ours
        self._cookies = cookies

    def prepare(self) -> None:
        """Makes the key of the cookies, which takes 50 ms: before the first request, not during one."""
        if self._is_ours is not None:
            self._is_ours("")

    def body_limit(self, path: str, headers: Mapping[str, str]) -> int:
        if path.startswith("/webhook"):
            return self._receiver.body_limit(path, headers)
        if path.startswith("/api/"):
            return MOST if self._is_program(headers) else 0
        if self._is_ours is None:
            return 0
        if path == "/login":
            return SIGN_IN
        return MOST if self._is_signed_in(headers) else 0

    def is_authentic(self, path: str, headers: Mapping[str, str], body: bytes) -> bool:
        return self._receiver.is_authentic(path, headers, body)

    def _is_program(self, headers: Mapping[str, str]) -> bool:
        """Against a hash the password is looked at later: that takes too long here."""
        given, password = bearer(headers.get("authorization", "")), self._password
        return bool(given) and password is not None and (password.is_hash or password.fits(given))

    def _is_signed_in(self, headers: Mapping[str, str]) -> bool:
        assert self._is_ours is not None
        sent = (part.strip().partition("=") for part in headers.get("cookie", "").split(";"))
        return any(name in self._cookies and self._is_ours(value) for name, _, value in sent)
