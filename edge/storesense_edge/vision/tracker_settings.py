"""The tracker's settings, in seconds and in heights of the person."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TrackerSettings:
    """How tracks are born, carried on and dropped. Shipped as they are, for every camera.

    They were chosen together on three detectors at three frame rates and on simulated boxes over two recordings of
    real walks, by the error over 45 lines, and lie on a plateau: no one of them decides the result.

    Attributes:
        birth_score: boxes from here on may start a track.
        high_score: boxes from here on choose their track first.
        low_score: boxes from here on may carry on a track that no better box wanted ...
        weak_s: ... if it was seen no longer ago than this.
        duplicate_iou: overlap above which two boxes of one picture are one person.
        birth_iou: a box that overlaps a track's box more than this starts nobody new ...
        birth_cover: ... nor does one of which this share lies inside another box.
        acceleration: how suddenly people change their walk, heights per s^1.5 (root of the noise's density).
        place_sigma: error of a box's foot point, heights.
        correlation_s: for this long, the errors of boxes are alike, so many boxes a second tell no more than few.
        size_sigma: error of a box's size, shares of the height.
        size_drift: how fast a person's height in the picture changes, shares per root of a second.
        start_speed_sigma: how fast people may walk when first seen, heights/s.
        gate: how unlikely a pairing may be: half of the squared Mahalanobis distance.
        lost_gate: nor may it be more than this, less ...
        lost_weight: ... this many times the logarithm of how many times wider than a box's the track's place is: the
            less is known of where somebody is, the likelier a box is another's or nobody's.
        spread_weight: how much a track that could be anywhere yields to one that is surely near.
        reach: no box is further from a track's last sighting than this, heights ...
        top_speed: ... and this for each second since, heights/s.
        rival_gate: a box this likely to show an unseen person as well is in doubt (as `gate`) ...
        rival_doubt: ... and its variance is taken this many times.
        coast_s: an unseen walker slows down with this time constant.
        shift_people: from this many people on, the whole picture may be found to have moved ...
        shift_share: ... if this share of them moved alike ...
        shift_reach: ... by no more than this, heights ...
        shift_room: ... give or take this, heights.
        join_reach: a track lost and a new one are one person if their walks meet within this, heights ...
        join_speed: ... and this for each second between them, heights/s ...
        join_turn: ... without changing their velocity by more than this, heights/s.
        confirm_hits: a track counts from this many sightings on ...
        confirm_s: ... spread over this long ...
        confirm_mean_score: ... with this mean score ...
        confirm_share: ... in this share of the pictures since the first.
        apart_share: this share of its sightings is not where a track that counts has just lost its box ...
        apart_reach: ... within this, heights, across and up ...
        apart_s: ... for no longer than this: two boxes that take turns on one person are one person.
        tentative_s: an unconfirmed track is dropped when unseen for this long.
        lost_s: a confirmed track is kept this long unseen.
    """

    birth_score: float = 0.6
    high_score: float = 0.6
    low_score: float = 0.1
    weak_s: float = 0.5
    duplicate_iou: float = 0.55
    birth_iou: float = 0.3
    birth_cover: float = 0.6
    acceleration: float = 0.3
    place_sigma: float = 0.06
    correlation_s: float = 0.3
    size_sigma: float = 0.16
    size_drift: float = 0.25
    start_speed_sigma: float = 0.5
    gate: float = 8.0
    lost_gate: float = 9.0
    lost_weight: float = 1.3
    spread_weight: float = 1.5
    reach: float = 0.6
    top_speed: float = 1.4
    rival_gate: float = 2.0
    rival_doubt: float = 9.0
    coast_s: float = 1.0
    shift_people: int = 4
    shift_share: float = 0.6
    shift_reach: float = 1.5
    shift_room: float = 0.12
    join_reach: float = 0.3
    join_speed: float = 0.25
    join_turn: float = 0.8
    confirm_hits: int = 2
    confirm_s: float = 0.3
    confirm_mean_score: float = 0.5
    confirm_share: float = 0.34
    apart_share: float = 0.6
    apart_reach: float = 0.3
    apart_s: float = 0.35
    tentative_s: float = 0.7
    lost_s: float = 2.5
