"""When people of two cameras are one, and when one camera may take somebody for somebody else."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class HandoverSettings:
    """When two cameras' people are one.

    Attributes:
        near_m: seen at once, on average no further apart than this ...
        together_s: ... for this long, two are one.
        apart_m: of those taken for one, seen this far apart ...
        apart_s: ... for this long, they are two after all.
        fresh_s: whoever their camera saw this shortly before its last picture is still seen by it.
        gap_s: nobody is looked for at the next camera longer than this after they were seen.
        reach_m: walks across a gap meet within this ...
        reach_m_s: ... and this for each second of the gap.
        pace_m_s: paces before and after a gap differ by no more than this ...
        turn_s: ... unless the gap is no longer than this.
        settle_s: whoever is new to a camera is looked at for so long before they are matched with somebody lost.
        look_s: matches are sought this often.
        beside_m: with somebody else no further away than this, a camera may take one for the other.
        alone_s: so long after that, it is not known of anybody that they work here because another camera says so.
    """

    near_m: float = 0.7
    together_s: float = 1.0
    apart_m: float = 1.5
    apart_s: float = 1.5
    fresh_s: float = 0.4
    gap_s: float = 3.0
    reach_m: float = 0.7
    reach_m_s: float = 0.4
    pace_m_s: float = 0.9
    turn_s: float = 0.5
    settle_s: float = 0.7
    look_s: float = 0.3
    beside_m: float = 1.2
    alone_s: float = 1.0
