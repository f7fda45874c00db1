import pytest
from hypothesis import given
from hypothesis import strategies as st

from storesense_contracts import topics
from storesense_contracts.ids import DeviceId, InvalidIdError, SectionId, StoreId
from storesense_contracts.topics import DownStream, InvalidTopicError, Stream

STORE = StoreId("s1")
DEVICE = DeviceId("cam-1")
ids = st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9._-]{0,20}\Z")


@given(ids, ids, st.sampled_from(Stream))
def test_up_topics_survive_the_round_trip(store: str, device: str, stream: Stream) -> None:
    parsed = topics.parse_up(topics.up(StoreId(store), DeviceId(device), stream))
    assert (parsed.store_id, parsed.device_id, parsed.stream) == (store, device, stream)


@given(ids, ids, st.sampled_from(DownStream))
def test_down_topics_survive_the_round_trip(store: str, device: str, stream: DownStream) -> None:
    parsed = topics.parse_down(topics.down(StoreId(store), DeviceId(device), stream))
    assert (parsed.store_id, parsed.device_id, parsed.stream) == (store, device, stream)


def test_topics_are_as_documented() -> None:
    assert topics.up(STORE, DEVICE, Stream.QUEUE) == "storesense/v1/s1/cam-1/up/queue"
    assert topics.down(STORE, DEVICE, DownStream.ACK) == "storesense/v1/s1/cam-1/down/ack"
    assert topics.alerts(STORE, SectionId("checkout")) == "storesense/v1/s1/alerts/checkout"
    assert topics.up_filter() == "storesense/v1/+/+/up/+"
    assert topics.up_filter(STORE) == "storesense/v1/s1/+/up/+"
    assert topics.down_filter(STORE, DEVICE) == "storesense/v1/s1/cam-1/down/+"
    assert topics.user_name(STORE, DEVICE) == "s1/cam-1"


@pytest.mark.parametrize(
    ("topic", "why"),
    [
        ("", "empty"),
        ("storesense/v1/s1/cam-1/up", "a level short"),
        ("storesense/v1/s1/cam-1/up/queue/x", "a level long"),
        ("storesense/v2/s1/cam-1/up/queue", "another version"),
        ("storesense/v1/s1/cam-1/up/picture", "no such stream: pictures have no way out"),
        ("storesense/v1/s1/cam-1/down/ack", "the other direction"),
        ("storesense/v1//cam-1/up/queue", "an empty store"),
        ("storesense/v1/s1/ca m/up/queue", "an id with a blank"),
        ("x/" * 5_000, "very many levels"),
    ],
)
def test_foreign_up_topics_are_refused(topic: str, why: str) -> None:
    with pytest.raises(InvalidTopicError, match="is not of the form"):
        topics.parse_up(topic)
    assert why


@given(st.text(max_size=60))
def test_no_text_breaks_the_parsers(text: str) -> None:
    for parse in (topics.parse_up, topics.parse_down):
        with pytest.raises(InvalidTopicError):
            parse(text)


@pytest.mark.parametrize("device", ["a#", "a/b", "+", ""])
def test_a_wildcard_cannot_be_published_to(device: str) -> None:
    with pytest.raises(InvalidIdError):
        topics.up(STORE, DeviceId(device), Stream.QUEUE)


def test_only_the_last_word_is_retained() -> None:
    assert [s for s in Stream if topics.UP_DELIVERY[s].retain] == [Stream.STATUS]
    assert all(delivery.qos == 1 for delivery in topics.UP_DELIVERY.values())
