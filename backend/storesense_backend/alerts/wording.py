"""What an alert says to people, made from its stored details, so that a language is chosen when it is read.

Names come from the site file and may already say what the thing is ("Tills", "Queue at the tills", "Lane 3"), so a
sentence puts them first and repeats no word of theirs.
"""

from collections.abc import Mapping


def title(kind: str, details: Mapping[str, object]) -> str:
    """Say in a few words what is the matter."""
    name = details.get("subject_name") or ""
    if kind == "queue_too_long":
        return _of(name, f"{details.get('length', '?')} waiting")
    if kind == "low_stock":
        product, units = details.get("product_name") or name, details.get("units", "?")
        return f"{product} is out of stock" if units == 0 else f"{product} runs low: {units} left"
    if kind == "data_lost":
        return _of(name, f"{details.get('lost_messages', '?')} messages lost")
    return _of(name, kind.replace("_", " "))


def action(kind: str, details: Mapping[str, object]) -> str:
    """Say what to do about it."""
    if kind == "queue_too_long":
        return "Open another lane"
    if kind == "low_stock":
        needed, product = details.get("units_needed", "?"), details.get("product_name", "")
        bring = f"{needed} × {product} to {_place(details)}"
        if details.get("outcome") == "wrong_product":
            return f"Take away what does not belong there ({details.get('guest_g', '?')} g), and bring {bring}"
        return f"Bring {bring}"
    if kind == "data_lost":
        return "Check the device's connection and its disk"
    return "Have a look"


def _of(name: object, what: str) -> str:
    return f"{name}: {what}" if name else what.capitalize()


def _place(details: Mapping[str, object]) -> str:
    """Name the place on the shelf, and the section where that says something more."""
    place, section = details.get("subject_name"), details.get("section_name")
    if place and section and str(section).casefold() != str(place).casefold():
        return f"{place} ({section})"
    return str(place or section or "its shelf")
