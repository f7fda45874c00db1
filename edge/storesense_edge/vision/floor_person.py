"""Somebody on the floor, and how long they are waited for while nobody sees them."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class FloorPeopleSettings:
    """How long people are waited for, and where they may be found again. Times in seconds, lengths in heights.

    Attributes:
        stand: seen no further than this from where they came to a stand, somebody stands.
        move_s: seen further away for this long, they have gone there.
        patience_s: whoever is not seen any more is waited for this long ...
        stood_share: ... and for this share of the time for which they have stood ...
        most_patience_s: ... but never longer than this.
        leaving_patience_s: ... nor than this, if they were last seen stepping away.
        waiting_patience_s: who waits in line or is being served is waited for at least this long.
        reach: a new track that begins no further than this from somebody lost may be theirs ...
        reach_speed: ... or further by this for each second since, if they stood ...
        walking_speed: ... or by this, if they walked ...
        reach_most: ... but never further than this.
        slid_after_s: whoever has stood for this long and whose track leaves, while another begins in their place, has
            not left: their track has slid onto somebody who passed.
        same_place: a track that begins no further than this from a place is in it.
        alternate_s: not seen for this long, somebody's box may be another track's by now, elsewhere than in their
            place.
        sure_s: seen for this long in all, somebody is no mistake of the detector's.
        glimpse_s: of the time between two sightings no more than this is time in which they were seen.
    """

    stand: float = 0.4
    move_s: float = 3.0
    patience_s: float = 3.0
    stood_share: float = 2.0
    most_patience_s: float = 90.0
    leaving_patience_s: float = 3.0
    waiting_patience_s: float = 15.0
    reach: float = 0.7
    reach_speed: float = 0.03
    walking_speed: float = 0.5
    reach_most: float = 1.4
    slid_after_s: float = 5.0
    same_place: float = 0.35
    alternate_s: float = 0.5
    sure_s: float = 1.2
    glimpse_s: float = 0.25


@dataclass(slots=True, eq=False)
class Person:
    """Somebody; it stays on the device.

    Attributes:
        number: never used again for somebody else.
        slot: row number, small and used again.
        xy: where they were seen last.
        scale: how tall they are in units of the plane.
        seen_s: when.
        place_xy: where they came to a stand, or were seen last if they walk.
        stood_since_s: when they came there.
        away_since_s: since when they have been seen further away; None while they stand.
        waits: True while they wait in line or are being served.
        seen_for_s: time in which they were seen.
        tracks: the tracks that are theirs, and for how many pictures each has shown them.
    """

    number: int
    slot: int
    xy: tuple[float, float]
    scale: float
    seen_s: float
    place_xy: tuple[float, float]
    stood_since_s: float
    seen_for_s: float = 0.0
    away_since_s: float | None = None
    waits: bool = False
    tracks: dict[int, int] = field(default_factory=dict)
