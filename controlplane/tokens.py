"""API tokens: made, hashed, recognised. The plain token is shown once and never stored; its scope limits its user."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

from django.contrib.auth.models import AbstractBaseUser
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from controlplane.models import Token, TokenScope
from controlplane.roles import OPERATOR, VIEWER
from deployments.access import limit

PREFIX = "antipode_"
USE_NOTED_EVERY = timedelta(minutes=1)

# What a token may do, of what its user may do; None: all of it.
LIMITS = {TokenScope.READ.value: VIEWER, TokenScope.OPERATE.value: OPERATOR, TokenScope.ADMIN.value: None}


def digest(plain: str) -> str:
    """A token has 256 random bits, so a fast hash without salt is enough to keep it secret."""
    return hashlib.sha256(plain.encode()).hexdigest()


def issue(user: AbstractBaseUser, *, name: str, days: int = 90, scope: str = TokenScope.OPERATE) -> tuple[Token, str]:
    """A new token and its plain text, which nobody can read again."""
    plain = PREFIX + secrets.token_urlsafe(32)
    token = Token.objects.create(
        user_id=user.pk,
        name=name,
        scope=scope,
        digest=digest(plain),
        expires_at=timezone.now() + timedelta(days=days),
    )
    return token, plain


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer <token>`. Sets no session, so no CSRF token is asked for."""

    def authenticate(self, request: Request) -> tuple[AbstractBaseUser, Token] | None:
        scheme, _, plain = get_authorization_header(request).decode("latin-1").partition(" ")
        if scheme.lower() != "bearer":
            return None
        now = timezone.now()
        token = Token.objects.select_related("user").filter(digest=digest(plain.strip())).first()
        if token is None:
            raise AuthenticationFailed("This token is not known; make a new one in the admin.", code="bad_token")
        if token.revoked_at is not None:
            raise AuthenticationFailed("This token was revoked; make a new one in the admin.", code="bad_token")
        if token.expires_at <= now:
            raise AuthenticationFailed("This token has expired; make a new one in the admin.", code="bad_token")
        if not token.user.is_active:
            raise AuthenticationFailed("This token's user is not active.", code="bad_token")
        if token.last_used_at is None or now - token.last_used_at > USE_NOTED_EVERY:
            Token.objects.filter(pk=token.pk).update(last_used_at=now)
        permissions = LIMITS[token.scope]
        if permissions is not None:
            limit(token.user, permissions)
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="antipode"'
