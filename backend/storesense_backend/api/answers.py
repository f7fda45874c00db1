"""Answers: JSON made straight from rows, and the one shape of every error."""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import msgspec
import psycopg
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from psycopg_pool import PoolTimeout, TooManyRequests
from starlette.exceptions import HTTPException
from starlette.responses import Response

from storesense_backend.api.models import ErrorBody
from storesense_backend.errors import ApiError

_LOG = logging.getLogger(__name__)

_CODES = {
    400: "bad_request",
    401: "not_signed_in",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    413: "body_too_large",
    422: "invalid",
    503: "unavailable",
}
_MEANINGS = {
    400: "The request cannot be understood.",
    401: "Nobody is signed in, or the key is not valid.",
    403: "The role does not suffice, or the request came from another site.",
    404: "There is no such thing.",
    405: "The path knows other methods.",
    409: "It does not go with what is the case.",
    413: "The body is too large.",
    422: "A value is not valid; `field` names it.",
    429: "Too many attempts; `Retry-After` says how many seconds to wait.",
    500: "A fault of ours; it is in the log.",
    503: "Something that is needed is not there now; try again.",
}


class JsonResponse(Response):
    """JSON from plain values and rows; instants get their Z."""

    media_type = "application/json"

    def render(self, content: object) -> bytes:
        """Encode the content."""
        return msgspec.json.encode(content)


def errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Describe the errors of an endpoint, for the OpenAPI document; 500 and 503 stand in every one."""
    return {status: {"model": ErrorBody, "description": _MEANINGS[status]} for status in sorted({*statuses, 500, 503})}


def plain_errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Describe the errors of an endpoint whose own answers are no JSON; its errors are."""
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorBody"}}}
    return {
        status: {"description": answer["description"], "content": content}
        for status, answer in errors(*statuses).items()
    }


def error_response(
    status: int, code: str, message: str, *, field: str | None = None, headers: Mapping[str, str] | None = None
) -> Response:
    """Make an error's answer."""
    error = {"code": code, "message": message}
    if field is not None:
        error["field"] = field
    return JsonResponse({"error": error}, status_code=status, headers=dict(headers or {}))


def add_error_handlers(app: FastAPI) -> None:
    """Give every error the one shape, whoever raises it."""
    app.add_exception_handler(ApiError, _on_api_error)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    for unreachable in (psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout, TooManyRequests):
        app.add_exception_handler(unreachable, _on_database_trouble)


async def _on_api_error(_request: Request, exc: Exception) -> Response:
    assert isinstance(exc, ApiError)  # noqa: S101 -- registered for it alone
    return error_response(exc.status, exc.code, exc.message, field=exc.field, headers=exc.headers)


async def _on_http_exception(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, HTTPException)  # noqa: S101 -- registered for it alone
    status = exc.status_code
    if status == HTTPStatus.NOT_FOUND:
        message = f"there is nothing at {request.url.path[:200]}"
    elif status == HTTPStatus.METHOD_NOT_ALLOWED:
        message = f"{request.method} is not possible at {request.url.path[:200]}"
    elif status == HTTPStatus.BAD_REQUEST and isinstance(exc.__cause__, UnicodeDecodeError | RecursionError):
        message = "the body cannot be read as JSON: it is not UTF-8, or nested too deep"
    else:
        message = exc.detail
    return error_response(status, _CODES.get(status, "error"), message, headers=exc.headers)


async def _on_invalid(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, RequestValidationError)  # noqa: S101 -- registered for it alone
    found = exc.errors()[0]
    if found["type"] == "json_invalid":
        return error_response(422, "invalid_json", f"the body is no JSON: {found['ctx']['error']}")
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if found["loc"] == ("body",) and content_type != "application/json":
        return error_response(422, "invalid", "the body must be a JSON object, with Content-Type: application/json")
    # Neither the value nor the rest of the input is repeated: it may be a password.
    message = str(found["msg"]).removeprefix("Value error, ")
    return error_response(422, "invalid", message, field=_path(found["loc"]))


def _path(parts: tuple[str | int, ...]) -> str | None:
    text = ""
    for part in parts[1:]:
        text += f"[{part}]" if isinstance(part, int) else (f".{part}" if text else part)
    return text[:300] or None


async def _on_database_trouble(_request: Request, exc: Exception) -> Response:
    if isinstance(exc, psycopg.errors.QueryCanceled):
        return error_response(503, "too_slow", "the database took too long; ask for less at once")
    _LOG.warning("the database did not answer: %s: %s", type(exc).__name__, exc)
    return error_response(
        503, "database_unavailable", "the database does not answer now; try again", headers={"Retry-After": "2"}
    )
