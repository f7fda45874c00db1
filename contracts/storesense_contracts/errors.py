"""The root of every error that Storesense raises on purpose."""


class StoresenseError(Exception):
    """An error that names its cause and, where there is one, its remedy.

    Subclasses take the fields that a caller may need as keyword arguments and build the sentence from them.

    Attributes:
        exit_code: what a command ends with when this error reaches it.
        code: the error's name on the wire and in logs, snake_case.
    """

    exit_code: int = 1
    code: str = "error"


class UsageError(StoresenseError):
    """A command was asked for something that it cannot do as asked."""

    exit_code = 2
    code = "usage"


class MissingPartError(StoresenseError):
    """A command needs an extra that is not installed."""

    exit_code = 3
    code = "missing_part"

    def __init__(self, *, part: str, extra: str) -> None:
        self.part = part
        self.extra = extra
        super().__init__(f"{part} is not installed; install it with: pip install 'storesense[{extra}]'")
