"""An OpenID Connect provider of our own for tests: real HTTP, real RSA keys, real PKCE, codes that are good once.

No product: it asks nobody for a password (`who` is signed in there), and lies where a test tells it to (`lies`). Edge.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key

from tests.support.clickhouse import free_port

CLIENT, SECRET = "zool-site", "a secret / of the client"


class Provider:
    """Who is signed in there, and what it says of them."""

    def __init__(self) -> None:
        self.who: dict[str, Any] = {"sub": "u-1", "preferred_username": "anna", "groups": ["guards"]}
        self.lies: dict[str, Any] = {}
        """Claims of the next id tokens that are not as they should be; None takes one away."""
        self.key, self.kid = generate_private_key(65537, 2048), "key-1"
        self.published = {self.kid: self.key}
        self.sign_with: tuple[RSAPrivateKey | str, str, str] | None = None
        """Key, its id and the algorithm, where it is not the published one."""
        self.codes: dict[str, dict[str, str]] = {}
        self.redirect_prefix = "http://127.0.0.1:"
        self.issuer = ""
        self.asked: list[str] = []

    def authorise(self, query: dict[str, str]) -> str:
        """The browser comes: a code for whoever is signed in here; raises `ValueError`."""
        wanted = {"response_type": "code", "client_id": CLIENT, "code_challenge_method": "S256"}
        if any(query.get(name) != value for name, value in wanted.items()) or "openid" not in query["scope"]:
            raise ValueError("not the code flow with PKCE")
        if not query["redirect_uri"].startswith(self.redirect_prefix):
            raise ValueError("a redirect URI that nobody registered")
        code = secrets.token_urlsafe(16)
        self.codes[code] = query
        return f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query['state'], 'iss': self.issuer})}"

    def redeem(self, form: dict[str, str], authorization: str) -> dict[str, Any]:
        """A code for an id token, once; raises `ValueError`."""
        pair = base64.b64decode(authorization.removeprefix("Basic ")).decode().split(":")
        if [unquote(part) for part in pair] != [CLIENT, SECRET]:
            raise ValueError("invalid_client")
        asked = self.codes.pop(form.get("code", ""), None)
        if asked is None or form["redirect_uri"] != asked["redirect_uri"]:
            raise ValueError("invalid_grant")
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).rstrip(b"=")
        if challenge.decode() != asked["code_challenge"]:
            raise ValueError("invalid_grant")
        return {"access_token": "unused", "token_type": "Bearer", "id_token": self._token(asked["nonce"])}

    def _token(self, nonce: str) -> str:
        now_s = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT, "iat": now_s, "exp": now_s + 300, "nonce": nonce}
        claims = {name: value for name, value in (claims | self.who | self.lies).items() if value is not None}
        key, kid, algorithm = self.sign_with or (self.key, self.kid, "RS256")
        return jwt.encode(claims, key, algorithm=algorithm, headers={"kid": kid})

    def metadata(self) -> dict[str, Any]:
        """What it says of itself."""
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
        }

    def keys(self) -> dict[str, Any]:
        """Its public keys."""
        algorithm = jwt.algorithms.RSAAlgorithm
        shown = [
            json.loads(algorithm.to_jwk(key.public_key())) | {"kid": kid, "use": "sig", "alg": "RS256"}
            for kid, key in self.published.items()
        ]
        return {"keys": shown}


class ProviderServer:
    """The provider on a port, which it keeps while it is away."""

    def __init__(self, provider: Provider, host: str = "localhost") -> None:
        self._provider, self._host, self._port = provider, host, 0
        self._server: ThreadingHTTPServer | None = None

    def up(self) -> None:
        """Listen."""
        self._server = ThreadingHTTPServer(("127.0.0.1", self._port), _handler(self._provider))
        self._port = self._server.server_address[1]
        self._provider.issuer = f"http://{self._host}:{self._port}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def down(self) -> None:
        """Refuse connections."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None


def _handler(provider: Provider) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            provider.asked.append(parts.path)
            if parts.path == "/authorize":
                query = {name: values[0] for name, values in parse_qs(parts.query).items()}
                try:
                    self._say(302, {}, provider.authorise(query))
                except ValueError as error:
                    self._say(400, {"error": str(error)})
                return
            known = {"/.well-known/openid-configuration": provider.metadata, "/keys": provider.keys}
            found = known.get(parts.path)
            self._say(200 if found else 404, found() if found else {})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = {name: values[0] for name, values in parse_qs(body).items()}
            try:
                self._say(200, provider.redeem(form, self.headers.get("Authorization", "")))
            except ValueError as error:
                self._say(400, {"error": str(error)})

        def _say(self, status: int, body: dict[str, Any], location: str = "") -> None:
            raw = json.dumps(body).encode()
            self.send_response(status)
            if location:
                self.send_header("Location", location)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            """Say nothing."""

    return Handler


@contextlib.contextmanager
def somebody_elses(claims: dict[str, Any]) -> Iterator[str]:
    """The address of `oidc-provider-mock` (Authlib), a process of its own, in which one user is known."""
    port = free_port()
    command = [str(Path(sys.executable).with_name("oidc-provider-mock")), "-p", str(port), "-n", "true"]
    process = subprocess.Popen(
        [*command, "--user-claims", json.dumps(claims)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield _issuer(process, port)
    finally:
        process.kill()
        process.wait()


def _issuer(process: subprocess.Popen[bytes], port: int) -> str:
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(httpx.HTTPError):
            found = httpx.get(f"http://127.0.0.1:{port}/.well-known/openid-configuration").json()
            return str(found["issuer"])
        time.sleep(0.05)
    raise TimeoutError("the provider did not start")


@contextlib.contextmanager
def running_provider() -> Iterator[tuple[Provider, ProviderServer]]:
    """A provider that answers; ended at the end."""
    provider = Provider()
    server = ProviderServer(provider)
    server.up()
    try:
        yield provider, server
    finally:
        server.down()
