// One store followed: its layout, its live stream, and what is asked for now and then besides.
import { announcementOf } from "./announcements.js";
import { api } from "./api.js";
import { parseInstant } from "./format.js";
import { t } from "./i18n/index.js";
import { nothingOfAStore, withLists } from "./opening.js";
import { SharedStream } from "./shared_stream.js";
import { applyAlert, applySnapshot, applyUpdate } from "./state.js";

const REFRESH_MS = 10_000;
const RETRY_MS = 5_000;
const FIRST_FRAMES_MS = 50;

/**
 * `on`: `set(change)` and `getState()` of the state, `nowMs()`, `setClock(atMs)` with the server's present,
 * `announce(text, urgent)`, `onSignedOut()`. Its timers and requests end with `visit`; `floor` is what the plan and the
 * chart ask for.
 */
export class StoreFollowing {
  #on;
  #visit;
  #floor;
  #stream = null;
  #isOpen = false;
  #isAhead = false; // what is shown came before the stream
  #isFirst = false; // it is being taken, and nothing is drawn yet

  constructor(on, visit, floor) {
    this.#on = on;
    this.#visit = visit;
    this.#floor = floor;
  }

  get isOpen() {
    return this.#isOpen;
  }

  close() {
    this.#isOpen = this.#isAhead = false;
    this.#stream?.stop();
    this.#stream = null;
  }

  retryNow() {
    this.#stream?.retryNow();
  }

  /** Begin with nothing, or with what came ahead of the scripts, if that is of this store. */
  open(storeId, ahead) {
    this.close();
    this.#on.set(nothingOfAStore());
    this.#isOpen = true;
    if (ahead?.store?.store_id === storeId && ahead.live) {
      this.#takeAhead(ahead);
      // What is known is drawn first; the stream's worker, heat and chart would come at its cost.
      this.#visit.later(FIRST_FRAMES_MS, () => this.#follow(storeId));
    } else {
      this.#loadStore(storeId);
      this.#follow(storeId);
    }
    // What is asked for now and then waits for its turn: the first snapshot brings the figures on the screen soonest.
    this.#visit.later(REFRESH_MS, () => this.#refresh(storeId));
  }

  #follow(storeId) {
    this.#stream = new SharedStream({
      url: api.streamUrl(storeId),
      onEvent: (name, value) => this.#take(storeId, name, value),
      onPhase: (phase) => this.#phase(phase),
      onRefused: (status) => this.#refused(status),
    });
    this.#stream.start();
  }

  #takeAhead({ store, live }) {
    this.#on.set({ store: withLists(store), storeProblem: null });
    this.#isFirst = true;
    this.#take(store.store_id, "snapshot", live);
    this.#isFirst = false;
    this.#isAhead = true;
  }

  #refused(status) {
    if (status === 401) this.#on.onSignedOut();
    else this.#on.set({ storeProblem: { kind: "missing" }, store: null });
  }

  async #loadStore(storeId) {
    const store = await this.#visit.ask(
      () => api.store(storeId),
      (error) => {
        if (error.status === 404 || error.status === 403) this.#refused(error.status);
        else if (!this.#on.getState().store) {
          this.#on.set({ storeProblem: { kind: "failed", message: error.message } });
          this.#visit.later(RETRY_MS, () => this.#loadStore(storeId));
        }
      },
    );
    if (!store) return;
    // The same version is the same value: nothing is laid out anew after a reconnect.
    if (store.layout_version !== this.#on.getState().store?.layout_version || !this.#on.getState().store)
      this.#on.set({ store: withLists(store), storeProblem: null });
  }

  /**
   * What the stream does not carry is asked for now and then, while somebody looks: heat as often as a camera may send a
   * grid, the chart and the other stores' alert counts every third time.
   */
  async #refresh(storeId, round = 1) {
    this.#visit.later(REFRESH_MS, () => this.#refresh(storeId, round + 1));
    if (document.hidden || (this.#on.getState().connection.phase !== "live" && this.#on.getState().hasSnapshot)) return;
    this.#floor.loadHeat();
    if (round % 3 !== 0) return;
    this.#floor.loadFootfall();
    const answer = await this.#visit.ask(api.stores);
    if (answer) this.#on.set({ stores: answer.stores });
  }

  #take(storeId, name, value) {
    const atMs = parseInstant(value.at);
    if (atMs !== null) this.#on.setClock(atMs);
    if (name === "snapshot") this.#takeSnapshot(storeId, value);
    else if (name === "update") this.#takeUpdate(storeId, value);
    else if (name === "alert") this.#takeAlert(value);
    this.#on.set({ connection: { ...this.#on.getState().connection, lastMs: this.#on.nowMs() } });
  }

  #takeUpdate(storeId, update) {
    const before = this.#on.getState().live;
    this.#on.set({ live: applyUpdate(before, update) });
    this.#floor.followCounts(before);
  }

  #takeSnapshot(storeId, snapshot) {
    const wasAhead = this.#isAhead;
    const isReturn = this.#on.getState().hasSnapshot && !wasAhead;
    this.#isAhead = false;
    const newDay = this.#on.getState().live.dayStartedAt !== snapshot.day_started_at;
    const before = this.#on.getState().live;
    this.#on.set({ live: applySnapshot(before, snapshot), hasSnapshot: true });
    const ask = () => {
      if (newDay || isReturn) this.#floor.loadFootfall();
      if (!wasAhead) this.#floor.loadHeat();
    };
    if (this.#isFirst) this.#visit.later(FIRST_FRAMES_MS, ask);
    else ask();
    if (wasAhead && snapshot.layout_version !== this.#on.getState().store?.layout_version) this.#loadStore(storeId);
    // Whatever changed while the page was cut off, or since what came ahead: the layout, and alerts nobody was told of.
    if (isReturn) this.#loadStore(storeId);
    if (!isReturn && !wasAhead) return;
    for (const alert of snapshot.alerts ?? []) this.#announceAlert(before.alerts[alert.alert_id], alert);
  }

  #takeAlert(alert) {
    const before = this.#on.getState().live.alerts[alert.alert_id];
    this.#on.set({ live: applyAlert(this.#on.getState().live, alert) });
    this.#announceAlert(before, this.#on.getState().live.alerts[alert.alert_id]);
  }

  #announceAlert(before, alert) {
    const said = announcementOf(before, alert);
    if (said) this.#on.announce(said.text, said.urgent);
  }

  #phase(phase) {
    const { connection } = this.#on.getState();
    if (connection.phase === phase) return;
    const lost = connection.phase === "live";
    this.#on.set({ connection: { ...connection, phase } });
    if (lost) this.#on.announce(t.connection.announceLost);
    else if (phase === "live" && connection.phase !== "connecting") this.#on.announce(t.connection.announceBack);
  }

  /** Acknowledge an alert for whoever is signed in; a failure stands beside it. */
  acknowledge = async (alert) => {
    const id = alert.alert_id;
    const { storeId } = this.#on.getState().view;
    const setAck = (ack) => this.#on.set({ acks: { ...this.#on.getState().acks, [id]: ack } });
    setAck({ pending: true });
    const answer = await this.#visit.ask(
      () => api.acknowledge(storeId, id),
      (error) => setAck({ error }),
    );
    if (!answer) return;
    setAck(undefined);
    this.#takeAlert(answer);
  };
}
