"""What the endpoints work with."""

from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends, Request

from storesense_backend.accounts import SessionLimits
from storesense_backend.chain.board import ChainBoard
from storesense_backend.database import Pool
from storesense_backend.depletion.records import Depletion
from storesense_backend.drawing.signer import PassSigner
from storesense_backend.forecasts.records import Forecasts
from storesense_backend.live.feed import LiveFeed
from storesense_backend.metrics import BackendMetrics
from storesense_backend.notify.vault import Vault
from storesense_backend.passwords import Passwords
from storesense_backend.settings import BackendSettings
from storesense_backend.staffing.records import Staffing
from storesense_backend.throttle import SignInThrottle
from storesense_contracts.clock import Clock


@dataclass(frozen=True, slots=True)
class Context:
    """The parts of a running backend."""

    settings: BackendSettings
    clock: Clock
    pool: Pool
    feed: LiveFeed
    metrics: BackendMetrics
    passwords: Passwords
    throttle: SignInThrottle
    session_limits: SessionLimits
    depletion: Depletion
    staffing: Staffing
    forecasts: Forecasts
    chain: ChainBoard
    vault: Vault
    signer: PassSigner


def context_of(request: Request) -> Context:
    """Return the context that the application was built with."""
    return cast(Context, request.app.state.context)


Ctx = Annotated[Context, Depends(context_of)]
