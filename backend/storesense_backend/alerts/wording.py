"""What an alert says to people, made from its stored details, so that a language is chosen when it is read.

Names come from the site file and may already say what the thing is ("Tills", "Queue at the tills", "Lane 3"), so a
sentence puts them first and repeats no word of theirs. A rule may bring words of its own.
"""

from collections.abc import Mapping
from typing import Any

from storesense_backend.alerts.words import DEFAULT_LANGUAGE, WORDS, Words

Messages = Mapping[str, Mapping[str, str]] | None
"""A rule's own templates: by language, ``title`` and ``action``."""


class _Told(dict[str, Any]):
    """Details in which a field that an older release did not know reads as a question mark."""

    def __missing__(self, key: str) -> str:
        return "?"


def title(kind: str, details: Mapping[str, object], language: str = DEFAULT_LANGUAGE, messages: Messages = None) -> str:
    """Say in a few words what is the matter."""
    told = _in_language(details, language)
    return _own("title", told, language, messages) or _built_in(kind, told, language)[0]


def action(
    kind: str, details: Mapping[str, object], language: str = DEFAULT_LANGUAGE, messages: Messages = None
) -> str:
    """Say what to do about it."""
    told = _in_language(details, language)
    return _own("action", told, language, messages) or _built_in(kind, told, language)[1]


def _in_language(details: Mapping[str, object], language: str) -> Mapping[str, object]:
    """Let what has a text of its own in a language (``explanation_zh``) say that; names from a site file have one."""
    suffix = f"_{language.partition('-')[0]}"
    return dict(details) | {key.removesuffix(suffix): text for key, text in details.items() if key.endswith(suffix)}


def _own(part: str, details: Mapping[str, object], language: str, messages: Messages) -> str | None:
    template = (messages or {}).get(language)
    return None if template is None else template[part].format_map(_Told(details))


def _built_in(kind: str, details: Mapping[str, object], language: str) -> tuple[str, str]:
    words = WORDS.get(language, WORDS[DEFAULT_LANGUAGE])
    told = _Told({key: value for key, value in details.items() if value is not None})
    told["name"] = details.get("subject_name") or ""
    told["product"] = details.get("product_name") or told["name"]
    told["place"] = _place(details, words)
    what, todo = words.of(kind, told)
    headline = what.format_map(told)
    if "{product}" not in what:
        headline = words.with_name(str(told["name"]), headline)
    return headline, todo.format_map(told)


def _place(details: Mapping[str, object], words: Words) -> str:
    """Name the place on the shelf, and the section where that says something more."""
    place, section = details.get("subject_name"), details.get("section_name")
    if place and section and str(section).casefold() != str(place).casefold():
        return words.place.format(place=place, section=section)
    return str(place or section or words.no_place)
