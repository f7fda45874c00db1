"""The web pages, as static files that the backend serves."""

from importlib.resources import files
from pathlib import Path

__all__ = ["static_dir"]


def static_dir() -> Path:
    """The folder of the pages: ``index.html`` belongs at ``/``, the whole folder at ``/static/``.

    Raises:
        FileNotFoundError: the package was installed without its data files.
    """
    path = Path(str(files(__name__) / "static"))
    if not (path / "index.html").is_file():
        raise FileNotFoundError(
            f"{str(path)!r} has no index.html: the storesense package was installed without its pages; reinstall it"
        )
    return path
