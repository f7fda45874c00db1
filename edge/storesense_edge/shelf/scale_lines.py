"""What scales say on a serial line: one weight a line, in the dialects that most of them speak. No I/O.

Understood are ``ST,GS,+  1.234kg`` (A&D, CAS and many others: header, kind, number, unit), ``S S   12.34 g`` (the
MT-SICS of Mettler-Toledo), and a bare ``  12.34 g``, with a ``?`` while it moves (Ohaus, Kern, Sartorius).
"""

import re
from dataclasses import dataclass
from enum import StrEnum

GRAMS = {"mg": 0.001, "g": 1.0, "kg": 1000.0, "t": 1_000_000.0, "lb": 453.59237, "oz": 28.349523125}
"""Grams in each unit that is understood."""

_MOST_BYTES = 80
_WEIGHT = re.compile(
    r"(?P<sign>[+-]?)\s*(?P<digits>\d{1,9}(?:[.,]\d{1,6})?)\s*(?P<unit>mg|kg|g|lbs?|oz|t)?", re.IGNORECASE
)
_HEADS = re.compile(
    r"^(?:(?P<state>ST|US|QT|OL|UL|SD)\s*,\s*(?:(?:GS|NT|TR|G|N)\s*,\s*)?|(?P<sics>S\s+[SDI+-])\s*|(?P<kind>GS|NT|G|N|WT)[:,\s]\s*)",
    re.IGNORECASE,
)
_OVER = re.compile(r"^[^0-9]*(?:OL|OVER|[-HEUL^_ ]{5,}|OVERLOAD|ERR(?:OR)?)[^0-9]*$", re.IGNORECASE)


class ScaleState(StrEnum):
    """What a scale says of its own weight."""

    STABLE = "stable"
    MOVING = "moving"
    OVERLOAD = "overload"
    UNDERLOAD = "underload"
    BUSY = "busy"


@dataclass(frozen=True, slots=True)
class ScaleLine:
    """One line that a scale sent.

    Attributes:
        state: what it says of its weight.
        weight_g: the weight; None where the scale has none to give.
        resolution_g: the step of the last digit.
    """

    state: ScaleState
    weight_g: float | None = None
    resolution_g: float | None = None


def parse_scale_line(line: bytes, *, default_unit: str = "g") -> ScaleLine | None:
    """Read one line, without its end; None where it is no scale's word, such as at a wrong baud rate.

    Args:
        line: the bytes.
        default_unit: of numbers that come without a unit, as in `GRAMS`.
    """
    # Parity of seven-bit scales shows as a high bit, which a wrong baud rate does too: neither is guessed at.
    if not line or len(line) > _MOST_BYTES or not line.isascii():
        return None
    text = line.decode("ascii").strip("\x02\x03\r\n\t \x00")
    if not text or not text.isprintable():
        return None
    head = _HEADS.match(text)
    rest = text[head.end() :] if head else text
    state = _state_of(head, rest)
    if state in (ScaleState.OVERLOAD, ScaleState.UNDERLOAD, ScaleState.BUSY):
        return ScaleLine(state)
    if _OVER.match(rest):
        return ScaleLine(ScaleState.OVERLOAD)
    body = rest.replace("?", " ").strip()
    weight = _WEIGHT.match(body)
    # What stands behind the unit may be a word or two (NET, G), and no further number.
    if weight is None or any(character.isdigit() for character in body[weight.end() :]) or len(body) - weight.end() > 8:
        return None
    digits = weight["digits"].replace(",", ".")
    unit_g = GRAMS[(weight["unit"] or default_unit).lower().removesuffix("s")]
    decimals = len(digits.partition(".")[2])
    weight_g = float(digits) * unit_g * (-1.0 if weight["sign"] == "-" else 1.0)
    return ScaleLine(state, weight_g, unit_g * 10.0**-decimals)


def _state_of(head: re.Match[str] | None, rest: str) -> ScaleState:
    word = (head["state"] or "").upper() if head else ""
    if word == "OL":
        return ScaleState.UNDERLOAD if rest.lstrip().startswith("-") else ScaleState.OVERLOAD
    if word == "UL":
        return ScaleState.UNDERLOAD
    sics = head["sics"][-1].upper() if head and head["sics"] else ""
    if sics:
        return {
            "S": ScaleState.STABLE,
            "D": ScaleState.MOVING,
            "I": ScaleState.BUSY,
            "+": ScaleState.OVERLOAD,
            "-": ScaleState.UNDERLOAD,
        }[sics]
    return ScaleState.MOVING if word in ("US", "SD") or "?" in rest else ScaleState.STABLE
