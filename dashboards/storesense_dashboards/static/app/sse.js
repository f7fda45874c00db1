// Server-sent events, parsed from text as it arrives in pieces.

/**
 * A parser to be fed with pieces of text. Calls `onEvent({event, data, id})` for each whole event and `onRetry(ms)`
 * when the server says how long to wait before connecting again. Comments (heartbeats) are skipped.
 */
export function createSseParser({ onEvent, onRetry = () => {} }) {
  let rest = "";
  let event = "";
  let data = [];
  let id = "";

  function dispatch() {
    if (data.length) onEvent({ event: event || "message", data: data.join("\n"), id });
    event = "";
    data = [];
  }

  function field(line) {
    const colon = line.indexOf(":");
    if (colon === 0) return;
    const name = colon < 0 ? line : line.slice(0, colon);
    let value = colon < 0 ? "" : line.slice(colon + 1);
    if (value.startsWith(" ")) value = value.slice(1);
    if (name === "event") event = value;
    else if (name === "data") data.push(value);
    else if (name === "id" && !value.includes("\0")) id = value;
    else if (name === "retry" && /^\d+$/.test(value)) onRetry(Number(value));
  }

  return function feed(text) {
    const lines = (rest + text).split("\n");
    rest = lines.pop();
    for (const raw of lines) {
      const line = raw.endsWith("\r") ? raw.slice(0, -1) : raw;
      if (line === "") dispatch();
      else field(line);
    }
  };
}
