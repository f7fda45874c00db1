"""Parameters that several endpoints share."""

from datetime import datetime
from typing import Annotated

from fastapi import Path, Query

from storesense_contracts.ids import ID_PATTERN

# JSON schema has no possessive end of text; ids are checked with the contracts' own pattern up to its anchor.
ID_TEXT = ID_PATTERN.removesuffix(r"(?!\n)")
"""The pattern of an id, for parameters."""

StoreIdPath = Annotated[str, Path(pattern=ID_TEXT, description="the store")]
RuleId = Annotated[str, Path(pattern=ID_TEXT, description="the rule")]
AlertId = Annotated[int, Path(ge=1, le=2**53, description="the alert")]
FromAt = Annotated[datetime | None, Query(alias="from", description="beginning, with an offset; included")]
ToAt = Annotated[datetime | None, Query(alias="to", description="end, with an offset; excluded; now if not given")]
Limit = Annotated[int, Query(ge=1, le=1_000, description="most items of a page")]
AfterId = Annotated[int | None, Query(ge=1, le=2**53, description="the next of the page before")]
SubjectId = Annotated[
    str | None, Query(pattern=ID_TEXT, description="only this line, zone, queue, lane, slot, sensor or component")
]
