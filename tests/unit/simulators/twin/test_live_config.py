"""What simulated devices take up while they run, and what they say that they cannot follow."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from storesense_contracts.clock import ManualClock
from storesense_contracts.device_config import (
    ConfigCount,
    ConfigDrawing,
    ConfigLane,
    ConfigLine,
    ConfigPair,
    ConfigProduct,
    ConfigQueue,
    ConfigSlot,
    ConfigZone,
    DeviceConfig,
    Side,
    encode_config,
)
from storesense_contracts.drawing import drawing_of, views_of
from storesense_contracts.drawing_config import drawing_for
from storesense_contracts.readings import FootfallReading, HealthReading, HealthState, ShelfWeight, ZoneReading
from storesense_contracts.settings import BrokerSettings
from storesense_simulators.twin.device_links import DeviceLinks
from storesense_simulators.twin.live import LiveOptions, LiveStore
from storesense_simulators.twin.live_config import LiveConfig
from storesense_simulators.twin.load_shop import load_shop
from storesense_simulators.twin.opening import Opening
from storesense_simulators.twin.shop_of_site import enlivened

BEGAN_AT = datetime(2026, 3, 2, 9, 0, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def shop():
    return enlivened(load_shop("convenience"))


@pytest.fixture
def config(shop):
    return LiveConfig(shop)


def drawn(shop, version=1):
    """The first camera's part of what the site file says, as a gateway tells it."""
    views = views_of(shop.site)
    return drawing_for(version, drawing_of(shop.layout, views), views[0])


def tell(config, device_id, **said):
    listener = config.listener(device_id)
    assert listener is not None
    listener(encode_config(DeviceConfig(**said)))
    return config.take()


def changed(drawing, **changes):
    return msgspec.structs.replace(drawing, **changes)


def test_what_the_file_says_already_is_acknowledged_and_drawn_natively(config, shop):
    (taken,) = tell(config, views_of(shop.site)[0].camera, drawing=drawn(shop, 3))
    assert (taken.health.drawing_version, taken.health.state) == (3, HealthState.OK)
    assert taken.shapes is not None
    assert set(taken.shapes.lines) <= set(shop.lines)
    assert config.take() == []
    (again,) = tell(config, taken.device_id, drawing=drawn(shop, 4))
    assert (again.health.drawing_version, again.shapes) == (4, None), "nothing new is no change"


TRAPEZOID = [((0.0, 1.0), (0, 0)), ((1.0, 1.0), (4, 0)), ((0.4, 0.5), (0, 8)), ((0.6, 0.5), (4, 8))]
REFUSED = [
    pytest.param(
        {"pairs": (), "lines": (ConfigLine(line_id="seen", in_side=Side.LEFT, image=((0.1, 0.5), (0.9, 0.5))),)},
        "drawn in the picture alone",
        id="a line in a picture that is not matched",
    ),
    pytest.param(
        {
            "pairs": tuple(ConfigPair(image=image, floor_m=floor) for image, floor in TRAPEZOID),
            "zones": (ConfigZone(zone_id="sky", image=((0.4, 0.0), (0.6, 0.0), (0.5, 0.1))),),
        },
        "above the horizon",
        id="a zone in the sky",
    ),
]


@pytest.mark.parametrize(("changes", "says"), REFUSED)
def test_what_cannot_be_followed_changes_nothing_and_says_why(config, shop, changes, says):
    camera = views_of(shop.site)[0].camera
    tell(config, camera, drawing=drawn(shop, 2))
    (taken,) = tell(config, camera, drawing=changed(drawn(shop, 5), **changes))
    assert (taken.shapes, taken.health.drawing_version, taken.health.state) == (None, 2, HealthState.DEGRADED)
    assert taken.health.reason is not None
    assert says in taken.health.reason
    assert "version 2 holds" in taken.health.reason


def test_a_line_in_a_matched_picture_lies_where_the_match_puts_it(config, shop):
    corners = [((0.0, 0.0), (0.0, 0.0)), ((1.0, 0.0), (10.0, 0.0)), ((1.0, 1.0), (10.0, 8.0)), ((0.0, 1.0), (0.0, 8.0))]
    pairs = tuple(ConfigPair(image=image, floor_m=floor) for image, floor in corners)
    line = ConfigLine(line_id="seen", in_side=Side.RIGHT, image=((0.1, 0.5), (0.9, 0.5)))
    (taken,) = tell(config, views_of(shop.site)[0].camera, drawing=ConfigDrawing(version=2, pairs=pairs, lines=(line,)))
    assert taken.shapes is not None
    (found,) = taken.shapes.lines
    assert [*found.a, *found.b] == pytest.approx([1.0, 4.0, 9.0, 4.0])
    assert not found.in_is_left


def test_a_till_that_the_shop_has_not_is_said_and_the_rest_is_followed(config, shop):
    drawing = drawn(shop, 2)
    camera = views_of(shop.site)[0].camera
    area = ((1.0, 1.0), (2.0, 1.0), (2.0, 2.0))
    lanes = (*drawing.lanes, ConfigLane(lane_id="lane-99", till_m=(1.0, 1.0)))
    queues = (ConfigQueue(queue_id="new", lane_ids=("lane-99",), floor_m=area),)
    (taken,) = tell(config, camera, drawing=changed(drawing, lanes=lanes, queues=queues))
    assert taken.shapes is not None
    assert [queue.queue_id for queue in taken.shapes.queues] == ["new"]
    assert (taken.health.state, taken.health.drawing_version) == (HealthState.DEGRADED, 2)
    assert "no till for lane-99" in str(taken.health.reason)


def test_what_is_no_configuration_is_told_and_ends_nothing(config, shop):
    camera = views_of(shop.site)[0].camera
    listener = config.listener(camera)
    assert listener is not None
    listener(b"{")
    (taken,) = config.take()
    assert (taken.shapes, taken.health.state) == (None, HealthState.DEGRADED)
    assert config.listener("no such device") is None


class HastyClock(ManualClock):
    """A clock on which half a second passes with every look."""

    def now(self):
        self.advance(0.5)
        return super().now()


class Caught(DeviceLinks):
    """Links that lead nowhere; ``tell`` is called with each reading."""

    def __init__(self, tell):
        clock = ManualClock(BEGAN_AT)
        super().__init__("x", [], state_dir=Path(), broker=BrokerSettings(), passwords={}, clock=clock)
        self.emitted, self._tell = [], tell

    def record(self, emitted):
        self.emitted.append(emitted)
        self._tell(emitted)


def test_a_running_store_takes_up_a_drawn_line_and_a_planogram(shop):
    config = LiveConfig(shop)
    camera = views_of(shop.site)[0].camera
    shelf, (slot, *_) = next((d.id, d.slots) for d in shop.site.devices if d.kind == "shelf")
    door = shop.doors[0]
    inside = ConfigLine(line_id="drawn", in_side=Side.LEFT if door.in_is_left else Side.RIGHT, floor_m=(door.a, door.b))
    told = False

    def once(_):
        nonlocal told
        if told:
            return
        told = True
        drawing = drawn(shop, 7)
        config.listener(camera)(encode_config(DeviceConfig(drawing=changed(drawing, lines=(*drawing.lines, inside)))))
        product = ConfigProduct(sku="other", unit_weight_g=2_000.0)
        planned = (
            ConfigSlot(slot_id=slot.slot, product=product, capacity_units=9),
            ConfigSlot(slot_id="new-slot", product=product, capacity_units=9),
        )
        config.listener(shelf)(encode_config(DeviceConfig(planogram_version=3, slots=planned, drawn=("new-slot",))))

    links = Caught(once)
    store = LiveStore(
        shop, links, clock=HastyClock(BEGAN_AT), options=LiveOptions(seed=4, opening=Opening()), config=config
    )
    asyncio.run(store.run(stop=asyncio.Event(), duration_s=50))
    counts = [e.reading for e in links.emitted if isinstance(e.reading, FootfallReading)]
    entered = {name: sum(c.in_count for c in counts if c.line_id == name) for name in ("door", "drawn")}
    assert entered["drawn"] > 5
    assert abs(entered["drawn"] - entered["door"]) <= 3, "two cameras' errors at one place"
    told = [e.reading for e in links.emitted if isinstance(e.reading, HealthReading) and e.device_id in (camera, shelf)]
    health = {reading.component_id: reading for reading in told}
    assert health["drawing"].drawing_version == 7
    assert health["planogram"].planogram_version == 3
    assert "no cell for new-slot" in str(health["planogram"].reason)
    weights = [
        e.reading for e in links.emitted if isinstance(e.reading, ShelfWeight) and e.reading.slot_id == slot.slot
    ]
    assert weights[-1].weight_mg == pytest.approx(weights[-1].units * 2_000_000, rel=0.05)
    assert [e for e in links.emitted if isinstance(e.reading, ZoneReading) and e.device_id == camera]


def test_a_count_by_hand_is_told_once_and_disturbs_no_slot(shop):
    config = LiveConfig(shop)
    shelf, (slot, *_) = next((d.id, d.slots) for d in shop.site.devices if d.kind == "shelf")
    product = ConfigProduct(sku="other", unit_weight_g=2_000.0)

    def come(count):
        planned = (ConfigSlot(slot_id=slot.slot, product=product, capacity_units=9, count=count),)
        config.listener(shelf)(encode_config(DeviceConfig(planogram_version=3, slots=planned)))
        (taken,) = config.take()
        return taken

    def count(no):
        return ConfigCount(count_no=no, counted_at=BEGAN_AT, units=(7,))

    first = come(count(4))
    assert (first.slots is not None, first.counts) == (True, ()), "a count from before it ran"
    second = come(count(5))
    assert (second.slots, second.counts) == (None, ((slot.slot, count(5)),))
    assert come(count(5)).counts == ()
