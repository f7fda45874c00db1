"""What can go wrong when services are started on this machine."""

from pathlib import Path

from storesense_contracts.errors import StoresenseError


class ServiceError(StoresenseError):
    """A service that was to run beside us does not."""

    code = "service"


class ChildEndedError(ServiceError):
    """A child process ended although nobody asked it to."""

    code = "child_ended"

    def __init__(self, *, name: str, returncode: int, log_path: Path, log_tail: str) -> None:
        self.name = name
        self.returncode = returncode
        self.log_path = log_path
        self.log_tail = log_tail
        how = f"was ended by signal {-returncode}" if returncode < 0 else f"ended with exit code {returncode}"
        super().__init__(f"{name} {how}. {_last_words(log_path, log_tail)}")


class ChildNotReadyError(ServiceError):
    """A child process runs but did not become ready in time."""

    code = "child_not_ready"

    def __init__(self, *, name: str, deadline_s: float, log_path: Path, log_tail: str) -> None:
        self.name = name
        self.deadline_s = deadline_s
        self.log_path = log_path
        self.log_tail = log_tail
        super().__init__(f"{name} was not ready within {deadline_s:g} s. {_last_words(log_path, log_tail)}")


class StartAbandonedError(ServiceError):
    """A start was called off before the child was ready."""

    code = "start_abandoned"

    def __init__(self, *, name: str) -> None:
        self.name = name
        super().__init__(f"the start of {name} was called off")


class PortTakenError(ServiceError):
    """A port that was asked for belongs to another program."""

    code = "port_taken"

    def __init__(self, *, purpose: str, host: str, port: int, holder: str | None = None) -> None:
        self.purpose = purpose
        self.host = host
        self.port = port
        self.holder = holder
        by = f"by {holder}" if holder else "by another program"
        super().__init__(
            f"port {port} on {host}, wanted for {purpose}, is taken {by}; "
            "end that program or choose another port (0 takes any free one)"
        )


class MissingProgramError(ServiceError):
    """A program that has to be installed on this machine is not there, or is too old."""

    code = "missing_program"
    exit_code = 3

    def __init__(self, *, program: str, reason: str, remedy: str) -> None:
        self.program = program
        self.reason = reason
        self.remedy = remedy
        super().__init__(f"{program} {reason}; {remedy}")


class DataFolderError(ServiceError):
    """A data folder cannot be used as it is."""

    code = "data_folder"

    def __init__(self, *, path: Path, reason: str, remedy: str) -> None:
        self.path = path
        self.reason = reason
        self.remedy = remedy
        super().__init__(f"the data folder {path} cannot be used: {reason}; {remedy}")


def _last_words(log_path: Path, log_tail: str) -> str:
    if not log_tail:
        return f"Its log {log_path} is empty."
    return f"The last lines of its log {log_path}:\n{log_tail}"
