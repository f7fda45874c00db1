"""What cannot stand where a store file puts it, and what nobody could walk to."""

import itertools
import math
from collections.abc import Iterator, Sequence

from storesense_contracts.plane import crossing_edges, segments_meet, turn
from storesense_simulators.twin.floor_grid import FloorGrid
from storesense_simulators.twin.navigation import Navigation
from storesense_simulators.twin.plane import across_m, area, bounds, centre, is_inside, rectangle
from storesense_simulators.twin.shop import Point, Polygon, Shop
from storesense_simulators.twin.site_of_store import owned_areas
from storesense_simulators.twin.store_file import DoorFile, StoreFile
from storesense_simulators.twin.store_spots import door_ends, door_line, queue_area

At = tuple[str | int, ...]
Mistake = tuple[str, At]
Solid = tuple[str, Polygon, At]
_TOUCH_M = 0.02
_STEP_M = 0.25
_LINE_AWAY_M = 4.0
_LEAST_ALONG = 0.5  # the cosine of the angle between a door and its line


def furniture_mistakes(store: StoreFile) -> Iterator[Mistake]:
    """Find what is off the floor, inside something else, or drawn so that it has no inside."""
    solids = list(_solids(store))
    yield from _off_floor(store, solids)
    for i, wall in enumerate(store.floor.walls):
        for a, b in itertools.pairwise(wall.points):
            if a == b:
                yield f"a wall has the point {_show(a)} twice in a row; remove one", ("floor", "walls", i)
    for what, polygon, at in (*solids, *_areas(store)):
        low, high = bounds(polygon)
        if high[0] - low[0] <= 0 or high[1] - low[1] <= 0:
            yield f"{what} has no area: its corners are {_show(low)} and {_show(high)}", at
        elif crossing_edges(polygon) is not None:
            yield f"{what} crosses itself; give its points in order around it", at
    for what, polygon, at in solids:
        yield from _through_walls(store, what, polygon, at)
    for (what, polygon, _), (other, other_polygon, at) in itertools.combinations(solids, 2):
        if _overlap(polygon, other_polygon):
            yield f"{other} overlaps {what}; put them apart, or edge to edge", at
    yield from _doors(store)
    yield from _owned_twice(store)


def way_mistakes(store: StoreFile, shop: Shop) -> Iterator[Mistake]:
    """Find doors, shelves, tills, queues and posts that nobody can get to."""
    ways = Navigation(shop)
    grid = FloorGrid(shop.size_m, lines=[(wall.points, wall.thickness_m) for wall in shop.walls])
    doors = [door.inside for door in shop.doors]
    goals = _goals(store, shop)
    for i, (door, file) in enumerate(zip(shop.doors, store.doors, strict=True)):
        if _is_far(ways, door.inside):
            yield (
                (
                    f"nobody can come in by door {file.id!r}: something stands in the way at {_show(door.inside)}, "
                    "just inside"
                ),
                ("doors", i),
            )
        elif goals and not any(ways.is_reachable(door.inside, spot) for _, spot, _ in goals):
            yield f"door {file.id!r} leads nowhere: no shelf, till or area can be reached from it", ("doors", i)
    cut_off = [i for i, inside in enumerate(doors) if not ways.is_reachable(doors[0], inside)]
    if cut_off and goals:
        i = cut_off[0]
        yield f"door {store.doors[i].id!r} cannot be reached from door {store.doors[0].id!r}", ("doors", i)
    for what, spot, at in goals:
        if _is_far(ways, spot):
            yield f"nobody can stand at {what}, {_show(spot)}: something is in the way", at
        elif not ways.is_reachable(doors[0], spot):
            yield f"{what}, {_show(spot)}, cannot be reached from door {store.doors[0].id!r}: leave a gap of 0.8 m", at
    for i, queue in enumerate(shop.queues):
        for a, b in itertools.pairwise(queue.spots):
            if bool((grid.stroke(a, b) & grid.solid).any()):
                yield (
                    (
                        f"people of queue {queue.queue_id!r} would stand on both sides of a wall, at {_show(a)} and "
                        f"{_show(b)}"
                    ),
                    ("checkout", "queues", i, "path_m"),
                )
                break


def _doors(store: StoreFile) -> Iterator[Mistake]:
    for i, door in enumerate(store.doors):
        a, b = door.at_m
        if a == b:
            yield f"door {door.id!r} has no width; its two points are the sides of the opening", ("doors", i, "at_m")
            continue
        inside, outside = across_m(a, b, _STEP_M), across_m(a, b, -_STEP_M)
        for wall in store.floor.walls:
            for start, end in itertools.pairwise(wall.points):
                if segments_meet(inside, outside, start, end):
                    message = f"door {door.id!r} is walled up from {_show(start)} to {_show(end)}; leave its width open"
                    yield message, ("doors", i, "at_m")
        if door.line_m is not None:
            yield from ((message, ("doors", i, "line_m")) for message in _door_line(store, door))


def _door_line(store: StoreFile, door: DoorFile) -> Iterator[str]:
    """Find out why a door's people would not be counted over its own line."""
    what = f"the line of door {door.id!r}"
    left, right = door_ends(store, door)
    a, b = door_line(store, door)
    if math.dist(a, b) < math.dist(left, right):
        yield f"{what} is {math.dist(a, b):.2f} m long, less than the opening; people would walk round its ends"
        return
    if turn(left, right, a) < 0 or turn(left, right, b) < 0:
        yield f"{what} lies on the street or reaches out there; lay it inside, or leave it out"
        return
    along = (b[0] - a[0]) * (right[0] - left[0]) + (b[1] - a[1]) * (right[1] - left[1])
    if along < _LEAST_ALONG * math.dist(a, b) * math.dist(left, right):
        yield f"{what} lies along the way in; lay it across, as the opening lies"
        return
    away_m = math.dist(centre((a, b)), centre(door.at_m))
    if away_m > _LINE_AWAY_M:
        yield f"{what} is {away_m:.1f} m from the opening; within {_LINE_AWAY_M:g} m those are counted who use the door"
        return
    for wall in store.floor.walls:
        if any(segments_meet(a, b, *ends) for ends in itertools.pairwise(wall.points)):
            yield f"{what} goes through a wall; end it a little before"
            return
    solid = next((name for name, polygon, _ in _solids(store) if _meets(polygon, a, b)), None)
    if solid is not None:
        yield f"{what} goes through {solid}; end it a little before"


def _owned_twice(store: StoreFile) -> Iterator[Mistake]:
    owned = owned_areas(store)
    for (i, first), (j, second) in itertools.combinations(enumerate(store.cameras), 2):
        if _overlap(rectangle(*owned[first.id]), rectangle(*owned[second.id])):
            missing = next((k for k, camera in ((i, first), (j, second)) if camera.owns_m is None), j)
            message = (
                f"cameras {first.id!r} and {second.id!r} both own a part of the floor, whose presence would be counted "
                "twice; give each an owns_m of its own"
            )
            yield message, ("cameras", missing, "owns_m")


def _solids(store: StoreFile) -> Iterator[Solid]:
    for i, shelf in enumerate(store.shelves):
        yield f"shelf {shelf.id!r}", rectangle(*shelf.at_m), ("shelves", i, "at_m")
    for i, fixture in enumerate(store.fixtures):
        yield f"fixture {fixture.id!r}", area(fixture.at_m), ("fixtures", i, "at_m")
    for i, lane in enumerate(store.checkout.lanes):
        if lane.counter_m is not None:
            yield f"the counter of lane {lane.id!r}", rectangle(*lane.counter_m), ("checkout", "lanes", i, "counter_m")
    desk = store.service_desk
    if desk is not None and desk.counter_m is not None:
        yield "the service desk's counter", rectangle(*desk.counter_m), ("service_desk", "counter_m")


def _areas(store: StoreFile) -> Iterator[Solid]:
    for key, zones in (("aisles", store.aisles), ("areas", store.areas)):
        for i, zone in enumerate(zones):
            yield f"{key.removesuffix('s')} {zone.id!r}", area(zone.at_m), (key, i, "at_m")
    for i, queue in enumerate(store.checkout.queues):
        at: At = ("checkout", "queues", i, "area_m" if queue.area_m else "path_m")
        yield f"the area of queue {queue.id!r}", queue_area(queue), at


def _off_floor(store: StoreFile, solids: Sequence[Solid]) -> Iterator[Mistake]:
    points: list[tuple[str, Sequence[Point], At]] = [
        *((f"wall {i + 1}", wall.points, ("floor", "walls", i)) for i, wall in enumerate(store.floor.walls)),
        *((f"door {door.id!r}", door.at_m, ("doors", i, "at_m")) for i, door in enumerate(store.doors)),
        *(
            (f"the line of door {x.id!r}", x.line_m, ("doors", i, "line_m"))
            for i, x in enumerate(store.doors)
            if x.line_m
        ),
        *((f"line {line.id!r}", line.at_m, ("lines", i, "at_m")) for i, line in enumerate(store.lines)),
        *solids,
        *_areas(store),
        *((f"camera {x.id!r}", [x.at_m], ("cameras", i, "at_m")) for i, x in enumerate(store.cameras)),
        *(
            (f"what camera {x.id!r} owns", x.owns_m, ("cameras", i, "owns_m"))
            for i, x in enumerate(store.cameras)
            if x.owns_m is not None
        ),
        *((f"climate sensor {x.id!r}", [x.at_m], ("climate", i, "at_m")) for i, x in enumerate(store.climate)),
    ]
    width, depth = store.floor.size_m
    for what, spots, at in points:
        off = next((p for p in spots if not (0 <= p[0] <= width and 0 <= p[1] <= depth)), None)
        if off is not None:
            yield f"{what} is outside the floor of {width:g} by {depth:g} m, at {_show(off)}", at


def _through_walls(store: StoreFile, what: str, polygon: Polygon, at: At) -> Iterator[Mistake]:
    # A shelf may stand against a wall; its middle line may not, nor may anything that lies well inside its edge.
    inner = _shrunk(polygon, _TOUCH_M)
    for wall in store.floor.walls:
        for a, b in itertools.pairwise(wall.points):
            if is_inside(inner, a) or is_inside(inner, b) or _meets(inner, a, b):
                yield f"{what} goes through the wall from {_show(a)} to {_show(b)}; move one of them", at
                return


def _meets(polygon: Polygon, a: Point, b: Point) -> bool:
    return any(segments_meet(a, b, c, d) for c, d in zip(polygon, (*polygon[1:], polygon[0]), strict=True))


def _shrunk(polygon: Polygon, by_m: float) -> Polygon:
    """Return a polygon whose points are drawn toward the middle of its bounds, by ``by_m`` along each axis."""
    low, high = bounds(polygon)
    middle = ((low[0] + high[0]) / 2, (low[1] + high[1]) / 2)

    def drawn(value: float, toward: float) -> float:
        return value + max(-by_m, min(by_m, toward - value))

    return tuple((drawn(x, middle[0]), drawn(y, middle[1])) for x, y in polygon)


def _overlap(one: Polygon, other: Polygon) -> bool:
    low, high = bounds(one)
    other_low, other_high = bounds(other)
    if any(high[k] - _TOUCH_M <= other_low[k] or other_high[k] - _TOUCH_M <= low[k] for k in (0, 1)):
        return False
    a, b = _shrunk(one, _TOUCH_M / 2), _shrunk(other, _TOUCH_M / 2)
    return (
        any(_meets(b, c, d) for c, d in zip(a, (*a[1:], a[0]), strict=True)) or is_inside(b, a[0]) or is_inside(a, b[0])
    )


def _goals(store: StoreFile, shop: Shop) -> list[tuple[str, Point, At]]:
    """Return all that people must get to: what it is, where they stand, and its place in the file."""
    goals: list[tuple[str, Point, At]] = []
    places = iter(shop.places)
    for i, shelf in enumerate(store.shelves):
        for j, row in enumerate(shelf.planogram):
            goals.append((f"the spot before {row.name!r}", next(places).spot, ("shelves", i, "planogram", j)))
    for i, (till, lane) in enumerate(zip(shop.tills, store.checkout.lanes, strict=True)):
        at: At = ("checkout", "lanes", i)
        key = "customer_m" if lane.stations_m is None else "stations_m"
        goals.extend((f"the till of lane {lane.id!r}", customer, (*at, key)) for customer in till.customers)
        if till.cashier is not None:
            goals.append((f"the cashier's place of lane {lane.id!r}", till.cashier, (*at, "cashier_m")))
    for i, queue in enumerate(shop.queues):
        goals.extend((f"queue {queue.queue_id!r}", spot, ("checkout", "queues", i, "path_m")) for spot in queue.spots)
    if shop.desk is not None:
        goals.append(("the service desk", shop.desk.customer, ("service_desk", "customer_m")))
        goals.append(("the place behind the service desk", shop.desk.staff, ("service_desk", "staff_m")))
    for i, post in enumerate(store.staff_posts):
        goals.append((f"the staff post {post.id!r}", post.at_m, ("staff_posts", i, "at_m")))
    return goals


def _is_far(ways: Navigation, spot: Point) -> bool:
    """Tell whether somebody who wants to stand at ``spot`` has to stand elsewhere, a step away."""
    near = ways.nearest_free(spot)
    return abs(near[0] - spot[0]) > _STEP_M or abs(near[1] - spot[1]) > _STEP_M


def _show(point: Point) -> str:
    return f"[{point[0]:g}, {point[1]:g}]"
