"""Something drawn that cannot work, and where in the drawing it is."""

from dataclasses import dataclass

At = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class DrawingProblem:
    """Something drawn that cannot work.

    Attributes:
        at: where in the drawing, such as ("lines", 2, "floor_m").
        message: what is wrong and what to do, a sentence.
    """

    at: At
    message: str
