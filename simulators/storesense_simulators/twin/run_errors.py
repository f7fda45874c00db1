"""What can be wrong with how a run was asked for."""

from storesense_contracts.errors import StoresenseError


class RunUsageError(StoresenseError):
    """The command's arguments do not fit together or not to the store."""

    exit_code = 2
    code = "run_usage"
