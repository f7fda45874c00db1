"""What of a store file cannot be so: found once all of it is put together, each with its place in the file."""

from storesense_contracts.yaml_file import FileLines, FileProblem
from storesense_simulators.twin.store_file import StoreFile


def problems_of(store: StoreFile, lines: FileLines) -> list[FileProblem]:
    """Return every mistake of a store; an empty list for a sound one."""
    del store, lines
    return []
