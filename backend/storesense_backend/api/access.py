"""Who asks, and may they? Sessions by cookie, machines by key, and a defence against other sites' pages."""

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer

from storesense_backend.accounts import key_principal, session_principal
from storesense_backend.api.context import Context, context_of
from storesense_backend.errors import ForbiddenError, NotSignedInError
from storesense_backend.roles import Principal, Role

COOKIE_NAME = "storesense_session"
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

_COOKIE = APIKeyCookie(
    name=COOKIE_NAME,
    scheme_name="session",
    description="a person's session, from POST /api/v1/session",
    auto_error=False,
)
_BEARER = HTTPBearer(scheme_name="key", description="a machine's API key", auto_error=False)


def require_same_site(request: Request, context: Context, *, is_needed: bool) -> None:
    """Refuse a request that another site's page may have sent with our cookie.

    Args:
        request: the request.
        context: of the backend.
        is_needed: refuse also where the browser does not say (a program, which should use a key).

    Raises:
        ForbiddenError: it came, or may have come, from another site.
    """
    fetch_site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    if fetch_site is not None:
        is_ours = fetch_site == "same-origin"
    elif origin is not None:
        is_ours = origin.lower() in _own_origins(request, context)
    else:
        is_ours = not is_needed
    if not is_ours:
        raise ForbiddenError(
            "this may have come from another site's page; send Origin or Sec-Fetch-Site as a page of ours does, or use "
            "an API key",
            code="cross_site",
        )


def _own_origins(request: Request, context: Context) -> set[str]:
    own = {f"{request.url.scheme}://{urlsplit(str(request.url)).netloc}".lower()}
    if context.settings.public_origin is not None:
        own.add(context.settings.public_origin)
    return own


def page_origin(request: Request, context: Context) -> str:
    """Return the origin of our pages as whoever asks sees it: the configured one, else where the request came to."""
    if context.settings.public_origin is not None:
        return context.settings.public_origin
    return f"{request.url.scheme}://{urlsplit(str(request.url)).netloc}".lower()


async def authenticate(request: Request, context: Context) -> Principal | None:
    """Return who makes a request, or None."""
    authorization = request.headers.get("authorization")
    if authorization is not None:
        scheme, _, key = authorization.partition(" ")
        if scheme.lower() != "bearer" or not key.strip():
            return None
        async with context.pool.connection() as connection:
            return await key_principal(connection, key=key.strip(), now=context.clock.now())
    token = request.cookies.get(COOKIE_NAME)
    if not token:
        return None
    async with context.pool.connection() as connection:
        return await session_principal(connection, token=token, now=context.clock.now(), limits=context.session_limits)


class Needs:
    """A dependency that lets through whoever has a role, and gives who it is."""

    def __init__(self, role: Role) -> None:
        self._role = role

    async def __call__(
        self,
        request: Request,
        context: Annotated[Context, Depends(context_of)],
        _cookie: Annotated[str | None, Security(_COOKIE)],
        _bearer: Annotated[HTTPAuthorizationCredentials | None, Security(_BEARER)],
    ) -> Principal:
        """Return the principal. Raises NotSignedInError or ForbiddenError."""
        principal = await authenticate(request, context)
        if principal is None:
            raise NotSignedInError("sign in, or send an API key", headers={"WWW-Authenticate": "Bearer"})
        if principal.via == "session" and request.method not in _SAFE_METHODS:
            require_same_site(request, context, is_needed=True)
        if not principal.role.covers(self._role):
            raise ForbiddenError(f"this needs the role {self._role.value}; yours is {principal.role.value}")
        return principal


Viewer = Annotated[Principal, Depends(Needs(Role.VIEWER))]
Staff = Annotated[Principal, Depends(Needs(Role.STAFF))]
Manager = Annotated[Principal, Depends(Needs(Role.MANAGER))]
Admin = Annotated[Principal, Depends(Needs(Role.ADMIN))]
