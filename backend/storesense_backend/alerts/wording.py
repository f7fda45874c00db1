"""What an alert says to people, made from its stored details, so that a language is chosen when it is read."""

from collections.abc import Mapping


def title(kind: str, details: Mapping[str, object]) -> str:
    """Say in a few words what is the matter."""
    name = details.get("subject_name", "")
    if kind == "queue_too_long":
        return f"Queue at {name}: {details.get('length', '?')} waiting"
    if kind == "low_stock":
        product, units = details.get("product_name", name), details.get("units", "?")
        return f"{product} is out of stock" if units == 0 else f"{product} runs low: {units} left"
    return f"{kind.replace('_', ' ').capitalize()} at {name}"


def action(kind: str, details: Mapping[str, object]) -> str:
    """Say what to do about it."""
    if kind == "queue_too_long":
        return "Open another lane"
    if kind == "low_stock":
        needed, product = details.get("units_needed", "?"), details.get("product_name", "")
        return f"Bring {needed} × {product} to {details.get('section_name', details.get('subject_name', ''))}"
    return "Have a look"
