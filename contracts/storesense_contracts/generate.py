"""JSON schemas and an AsyncAPI document, made from the message structs so that they cannot drift from them."""

import json
from importlib.metadata import version
from inspect import cleandoc
from typing import Any, Union

import msgspec

from storesense_contracts.alert_messages import SectionAlerts
from storesense_contracts.device_commands import DeviceCommand
from storesense_contracts.device_config import DeviceConfig
from storesense_contracts.messages import CommitAck, DeviceStatus, DroppedRange, Header, Seq
from storesense_contracts.readings import READING_TYPES, Instant
from storesense_contracts.topics import ALERT_DELIVERY, DOWN_DELIVERY, ROOT, UP_DELIVERY, DownStream, Stream

JsonObject = dict[str, Any]

_STREAM_TEXT = {
    Stream.FOOTFALL: "People who crossed counting lines, as deltas",
    Stream.ZONE: "Presence, entries, exits and dwell of zones",
    Stream.QUEUE: "Length and wait of queues, and the visits that ended",
    Stream.LANE: "Checkout lanes: open or closed, staffed or not",
    Stream.HEATMAP: "Presence per floor cell, one packed grid an interval",
    Stream.FLOW: "Parties over lines, lengths of zone visits, tills' busy time, ways from zone to zone; once a minute",
    Stream.SHELF: "Weight and units of slots; picks, restocks, misplaced goods and what else happened there",
    Stream.ENVIRONMENT: "Temperature, humidity, noise and light",
    Stream.HEALTH: "How a device's components are doing, and why",
    Stream.RESULT: "What became of commands to the device",
    Stream.STATUS: "A device's retained last word; offline is its last will",
}
_DOWN_TEXT = {
    DownStream.ACK: "The gateway's word that messages are committed; only this lets the outbox delete them",
    DownStream.CONFIG: "What the device goes by: what its slots hold and a unit weighs, or what its camera measures",
    DownStream.COMMAND: "What the device is asked to do, once; it answers on up/result",
}


def _message_struct(stream: Stream) -> type[msgspec.Struct]:
    reading: Any = Union[READING_TYPES[stream]]  # noqa: UP007
    return msgspec.defstruct(
        f"{stream.value.capitalize()}Message",
        [
            ("v", int),
            ("boot_id", Header.__annotations__["boot_id"]),
            ("seq", Seq),
            ("sent_at", Instant),
            ("readings", list[reading]),
            ("dropped", tuple[DroppedRange, ...], ()),
        ],
        kw_only=True,
    )


def message_schemas() -> dict[str, JsonObject]:
    """Return a self-contained JSON schema (2020-12) per wire message, by its name."""
    structs: dict[str, type] = {stream.value: _message_struct(stream) for stream in READING_TYPES}
    structs["status"] = DeviceStatus
    structs["ack"] = CommitAck
    structs["config"] = DeviceConfig
    structs["command"] = DeviceCommand
    structs["alerts"] = SectionAlerts
    schemas = {}
    for name, struct in sorted(structs.items()):
        schema = msgspec.json.schema(struct)
        schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
        schema["title"] = f"storesense/v1 {name}"
        schemas[name] = _with_clean_descriptions(schema)
    return schemas


def _with_clean_descriptions(schema: Any) -> Any:
    # Docstrings keep their indentation before Python 3.13 and lose it from there on; the files must not tell which.
    if isinstance(schema, dict):
        return {
            key: cleandoc(value) if key == "description" and isinstance(value, str) else _with_clean_descriptions(value)
            for key, value in schema.items()
        }
    if isinstance(schema, list):
        return [_with_clean_descriptions(item) for item in schema]
    return schema


def asyncapi_document() -> JsonObject:
    """Return the AsyncAPI 3 document of all topics."""
    channels: JsonObject = {}
    operations: JsonObject = {}
    schemas = message_schemas()
    messages: JsonObject = {}
    for stream in Stream:
        name = stream.value
        channels[f"up_{name}"] = _channel("up", name, _STREAM_TEXT[stream])
        operations[f"send_{name}"] = _operation(
            f"up_{name}", "send", UP_DELIVERY[stream].qos, retain=UP_DELIVERY[stream].retain
        )
        messages[name] = {"name": name, "contentType": "application/json", "payload": schemas[name]}
    for down in DownStream:
        name = down.value
        channels[f"down_{name}"] = _channel("down", name, _DOWN_TEXT[down])
        operations[f"receive_{name}"] = _operation(
            f"down_{name}", "receive", DOWN_DELIVERY[down].qos, retain=DOWN_DELIVERY[down].retain
        )
        messages[name] = {"name": name, "contentType": "application/json", "payload": schemas.get(name, {})}
    channels["alerts"] = {
        "address": f"{ROOT}/{{store_id}}/alerts/{{section_id}}",
        "description": "A section's alerts that stand, for wearables and screens; whole each time, and retained",
        "parameters": {
            "store_id": {"description": "the store's id"},
            "section_id": {"description": "the section's id, unique in its store"},
        },
        "messages": {"alerts": {"$ref": "#/components/messages/alerts"}},
    }
    operations["receive_alerts"] = _operation("alerts", "receive", ALERT_DELIVERY.qos, retain=ALERT_DELIVERY.retain)
    messages["alerts"] = {"name": "alerts", "contentType": "application/json", "payload": schemas["alerts"]}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Storesense over MQTT 5",
            "version": version("storesense"),
            "description": "What devices send and are told. Seen from the device: it sends up and receives down.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": operations,
        "components": {"messages": messages},
    }


def _channel(direction: str, name: str, text: str) -> JsonObject:
    return {
        "address": f"{ROOT}/{{store_id}}/{{device_id}}/{direction}/{name}",
        "description": text,
        "parameters": {
            "store_id": {"description": "the store's id"},
            "device_id": {"description": "the device's id, unique in its store"},
        },
        "messages": {name: {"$ref": f"#/components/messages/{name}"}},
    }


def _operation(channel: str, action: str, qos: int, *, retain: bool) -> JsonObject:
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "bindings": {"mqtt": {"qos": qos, "retain": retain, "bindingVersion": "0.2.0"}},
    }


def generated_files() -> dict[str, str]:
    """Return every generated file's text by its name."""
    files = {f"{name}.schema.json": _text(schema) for name, schema in message_schemas().items()}
    files["asyncapi.json"] = _text(asyncapi_document())
    return files


def _text(value: JsonObject) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True) + "\n"
