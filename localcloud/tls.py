"""A certificate authority of the local cloud and a certificate for each name asked for. The CA outlives restarts."""

from __future__ import annotations

import os
import ssl
from functools import lru_cache
from pathlib import Path

import trustme

FALLBACK_NAME = "localhost"  # for clients that send no SNI


def authority(state_dir: Path) -> trustme.CA:
    """The CA kept in `ca.pem` and `ca-key.pem` (mode 0600), made on the first start."""
    certificate, key = state_dir / "ca.pem", state_dir / "ca-key.pem"
    if certificate.exists() and key.exists():
        return trustme.CA.from_pem(certificate.read_bytes(), key.read_bytes())
    ca = trustme.CA(organization_name="Local cloud", key_type=trustme.KeyType.ECDSA)
    _write(key, ca.private_key_pem.bytes(), mode=0o600)
    _write(certificate, ca.cert_pem.bytes(), mode=0o644)  # last: its presence means that the pair is whole
    return ca


def server_context(ca: trustme.CA) -> ssl.SSLContext:
    """A context that answers each TLS client with a certificate for the name that it asked for."""

    @lru_cache(maxsize=512)
    def context_for(name: str) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        ca.issue_cert(name, key_type=trustme.KeyType.ECDSA).configure_cert(context)
        return context

    def choose(socket: ssl.SSLObject, name: str | None, _context: ssl.SSLContext) -> int | None:
        try:
            socket.context = context_for((name or FALLBACK_NAME).lower())
        except ValueError:  # no host name that a certificate could carry
            return ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME
        return None

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert(FALLBACK_NAME, "127.0.0.1", key_type=trustme.KeyType.ECDSA).configure_cert(context)
    context.sni_callback = choose
    return context


def _write(path: Path, content: bytes, *, mode: int) -> None:
    temporary = path.with_suffix(".tmp")
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
        file.write(content)
    temporary.replace(path)
