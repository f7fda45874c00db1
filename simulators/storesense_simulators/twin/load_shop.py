"""A store by the name of a shipped one or by the path of a file."""

from pathlib import Path

from storesense_contracts.errors import StoresenseError
from storesense_contracts.yaml_file import parse_yaml_lines, read_text
from storesense_simulators.twin.shop import Shop
from storesense_simulators.twin.shop_of_store import shop_of
from storesense_simulators.twin.store_checks import problems_of
from storesense_simulators.twin.store_file import StoreFile

_FOLDER = Path(__file__).parent / "stores"


class UnknownStoreError(StoresenseError):
    """There is neither a shipped store of this name nor a file."""

    exit_code = 2
    code = "unknown_store"

    def __init__(self, *, name: str) -> None:
        self.name = name
        super().__init__(
            f"there is no store {name!r}: expected one of {', '.join(store_names())}, or the path of a store file"
        )


def store_names() -> tuple[str, ...]:
    """Return the names of the shipped stores."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.yaml")))


def store_path(path_or_name: Path | str) -> Path:
    """Return where a store file is. Raises UnknownStoreError."""
    if str(path_or_name) in store_names():
        return _FOLDER / f"{path_or_name}.yaml"
    path = Path(path_or_name)
    if not path.is_file():
        raise UnknownStoreError(name=str(path_or_name))
    return path


def load_shop(path_or_name: Path | str) -> Shop:
    """Read a store and look at it as a whole.

    Raises:
        UnknownStoreError: there is no such store.
        FileError: every mistake with its line.
    """
    path = store_path(path_or_name)
    store, lines = parse_yaml_lines(StoreFile, read_text(path), path=path)
    problems = problems_of(store, lines)
    if problems:
        raise lines.error(problems)
    return shop_of(store)
