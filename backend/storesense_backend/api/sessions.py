"""Signing in and out."""

import math
from typing import Any

from fastapi import APIRouter, Request, Response

from storesense_backend.accounts import begin_session, end_session, find_user, upgrade_hash
from storesense_backend.api.access import COOKIE_NAME, Viewer, require_same_site
from storesense_backend.api.answers import errors
from storesense_backend.api.context import Context, Ctx
from storesense_backend.api.models import Session, SignIn, User
from storesense_backend.errors import NotSignedInError, TooManyAttemptsError
from storesense_backend.roles import Role
from storesense_backend.tokens import new_session_token

router = APIRouter(prefix="/api/v1/session", tags=["session"])


@router.post("", summary="Sign in", responses=errors(400, 403, 413, 422, 401, 429))
async def sign_in(body: SignIn, request: Request, response: Response, context: Ctx) -> Session:
    """Sign a person in. The answer sets the cookie `storesense_session`; failed attempts slow further ones down."""
    require_same_site(request, context, is_needed=False)
    address = request.client.host if request.client else "unknown"
    wait_s = context.throttle.begin(body.user_name, address, context.clock.monotonic_s())
    if wait_s > 0:
        context.metrics.sign_ins.labels(outcome="throttled").inc()
        raise TooManyAttemptsError(
            f"too many sign-ins failed; wait {math.ceil(wait_s)} s", headers={"Retry-After": str(math.ceil(wait_s))}
        )
    user = await _checked_user(body, context)
    if user is None:
        context.metrics.sign_ins.labels(outcome="wrong").inc()
        raise NotSignedInError("user name or password is wrong", code="wrong_password")
    context.throttle.succeed(body.user_name, address)
    context.metrics.sign_ins.labels(outcome="right").inc()
    token = new_session_token()
    async with context.pool.connection() as connection:
        await begin_session(
            connection,
            token=token,
            user_id=user["user_id"],
            now=context.clock.now(),
            limits=context.session_limits,
        )
    response.set_cookie(
        COOKIE_NAME,
        token,
        max_age=int(context.session_limits.longest.total_seconds()),
        httponly=True,
        samesite="strict",
        secure=_is_secure(request, context),
        path="/",
    )
    return Session(user=User(user_name=user["user_name"], role=Role(user["role"])))


async def _checked_user(body: SignIn, context: Context) -> dict[str, Any] | None:
    password = body.password.get_secret_value()
    async with context.pool.connection() as connection:
        user = await find_user(connection, body.user_name)
    if user is not None and user["disabled_at"] is not None:
        user = None
    password_hash = None if user is None else user["password_hash"]
    if not await context.passwords.verify(password_hash, password) or user is None:
        return None
    if context.passwords.is_outdated(user["password_hash"]):
        fresh = await context.passwords.hash(password)
        async with context.pool.connection() as connection:
            await upgrade_hash(connection, user_id=user["user_id"], old_hash=user["password_hash"], password_hash=fresh)
    return user


def _is_secure(request: Request, context: Context) -> bool:
    public = context.settings.public_origin
    return (
        context.settings.cookie_secure
        or request.url.scheme == "https"
        or (public is not None and public.startswith("https://"))
    )


@router.get("", summary="Who is signed in", responses=errors(401))
async def who(principal: Viewer) -> Session:
    """Tell who is signed in, or whose key was sent."""
    return Session(user=User(user_name=principal.name, role=principal.role))


@router.delete("", summary="Sign out", status_code=204, responses=errors(401, 403))
async def sign_out(_principal: Viewer, request: Request, response: Response, context: Ctx) -> None:
    """End the session; its cookie is of no use any more."""
    token = request.cookies.get(COOKIE_NAME)
    if token:
        async with context.pool.connection() as connection:
            await end_session(connection, token)
    response.delete_cookie(COOKIE_NAME, path="/", httponly=True, samesite="strict", secure=_is_secure(request, context))
