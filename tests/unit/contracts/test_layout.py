import pytest
from pydantic import TypeAdapter, ValidationError

from storesense_contracts.layout import Name


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("Oat\0milk", "no database keeps a NUL"),
        ("Oat\nmilk", "a name is one line of a list and of a log"),
        ("\x1b[31mOat milk", "an escape sequence would paint the terminal of whoever reads the log"),
        ("Oat\x7fmilk", "a delete character"),
    ],
)
def test_a_name_is_one_line_of_printable_text(text: str, why: str) -> None:
    with pytest.raises(ValidationError, match="no control characters"):
        TypeAdapter(Name).validate_python(text)
    assert why


def test_a_name_may_be_of_any_language() -> None:
    for text in ("Käse & Brot", "牛奶", "Молоко 1 л", "jus d\u2019orange", "🥛"):
        assert TypeAdapter(Name).validate_python(f"  {text} ") == text
