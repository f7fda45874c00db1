"""One message to a machine at a time, so that a worker that dies repeats one at most. No I/O."""


class Turnstile:
    """Lets the next one in when the one before has left, or after ``patience_s``: a slow one does not hold up the rest.

    Args:
        patience_s: how long one that is inside keeps others waiting, in seconds.
    """

    def __init__(self, patience_s: float) -> None:
        self._patience_s = patience_s
        self._entered_s: dict[int, float] = {}

    def wait_s(self, now_s: float) -> float:
        """Return the seconds after which the next one may enter even if nobody leaves; 0 if it may now."""
        last_s = max(self._entered_s.values(), default=None)
        return 0.0 if last_s is None else max(0.0, last_s + self._patience_s - now_s)

    def enter(self, channel_id: int, now_s: float) -> None:
        """Note that a channel's messages are under way."""
        self._entered_s[channel_id] = now_s

    def leave(self, channel_id: int) -> None:
        """Note that they are not any more, however that ended; harmless to repeat."""
        self._entered_s.pop(channel_id, None)
