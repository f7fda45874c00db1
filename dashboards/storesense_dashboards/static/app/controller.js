// What happens: signing in, opening a store and a page, following the stream, acknowledging. It owns the state; views only show it.
import { api } from "./api.js";
import { announcementOf } from "./announcements.js";
import { FloorData } from "./floor_data.js";
import { parseInstant } from "./format.js";
import { t } from "./i18n/index.js";
import { nothingOfAStore, withBeginning, withLists } from "./opening.js";
import { NO_DATA, PageData } from "./page_data.js";
import { hasPage, PAGES } from "./pages/index.js";
import { EMPTY_VIEW, formatView, parseView } from "./route.js";
import { prepareStream, SharedStream, tellSignedOut } from "./shared_stream.js";
import { applyAlert, applySnapshot, applyUpdate } from "./state.js";
import { Visit } from "./visit.js";

const REFRESH_MS = 10_000;
const RETRY_MS = 5_000;

/** Owns the state and calls `onChange(state)` after every change. */
export class Controller {
  #onChange;
  #stream = null;
  #visit = new Visit(() => this.#leave(true));
  #floor = new FloorData(
    { set: (change) => this.#set(change), nowMs: () => this.nowMs(), getState: () => this.state },
    this.#visit,
  );
  #clockOffsetMs = 0;
  #pageData = new PageData({
    nowMs: () => this.nowMs(),
    onChange: (pageData) => this.#set({ pageData }),
    onSignedOut: () => this.#leave(true),
  });
  state = {
    session: undefined, // undefined: not known yet, null: signed out
    sessionEnded: false,
    startProblem: null,
    stores: null,
    view: EMPTY_VIEW,
    pageData: NO_DATA,
    pageProblem: null,
    announcement: { text: "", urgent: false, number: 0 },
    ...nothingOfAStore(),
  };

  constructor(onChange) {
    this.#onChange = onChange;
  }

  /** The server's present, in milliseconds; a wrong clock on this device does no harm. */
  nowMs() {
    return Date.now() + this.#clockOffsetMs;
  }

  #set(change) {
    this.state = { ...this.state, ...change };
    this.#onChange(this.state);
  }

  #announce(text, urgent = false) {
    this.#set({ announcement: { text, urgent, number: this.state.announcement.number + 1 } });
  }

  async start() {
    addEventListener("hashchange", () => this.#follow(parseView(location.hash)));
    this.#set({ view: parseView(location.hash) });
    await this.#resume();
  }

  async #resume() {
    prepareStream();
    // Both at once, one round trip less; a refusal of the stores is met where their answer is awaited.
    const stores = api.stores();
    stores.catch(() => {});
    try {
      const session = await api.session();
      this.#set({ session, startProblem: null });
      await this.#openStores(stores);
    } catch (error) {
      if (error.status === 401) this.#set({ session: null, startProblem: null });
      else {
        this.#set({ startProblem: error });
        setTimeout(() => this.#resume(), RETRY_MS);
      }
    }
  }

  signIn = async (userName, password) => {
    const session = await api.signIn(userName, password);
    this.#set({ session, sessionEnded: false });
    this.#openStores();
  };

  signOut = async () => {
    try {
      await api.signOut();
    } catch (error) {
      if (error.status !== 401) {
        this.#announce(error.message, true);
        return;
      }
    }
    this.#leave(false);
    tellSignedOut();
    history.replaceState(null, "", location.pathname);
    this.#set({ view: EMPTY_VIEW });
  };

  #leave(ended) {
    this.#close();
    this.#pageData.forget();
    this.#set({ session: null, sessionEnded: ended, stores: null, pageData: NO_DATA, ...nothingOfAStore() });
  }

  #close() {
    this.#visit.end();
    this.#stream?.stop();
    this.#stream = null;
    this.#floor.reset();
  }

  async #openStores(asked = null) {
    const answer = await this.#visit.ask(
      () => asked ?? api.stores(),
      (error) => {
        this.#set({ storeProblem: { kind: "failed", message: error.message } });
        this.#visit.later(RETRY_MS, () => this.#openStores());
      },
    );
    if (!answer) return;
    const { stores } = answer;
    this.#set({ stores });
    const begin = withBeginning(this.state.view, stores);
    if (begin.page && hasPage(begin.page) && !PAGES[begin.page].needsStore) {
      this.#show(begin);
      this.#watchStores();
      return;
    }
    const { storeId } = begin;
    if (!storeId) {
      this.#set({ storeProblem: { kind: "none" } });
      this.#visit.later(RETRY_MS, () => this.#openStores());
      return;
    }
    this.#show(begin);
    this.#openStore(storeId);
  }

  /** Where no store is open, their list is asked for now and then. */
  #watchStores() {
    this.#visit.later(3 * REFRESH_MS, async () => {
      this.#watchStores();
      if (document.hidden) return;
      const answer = await this.#visit.ask(api.stores);
      if (answer) this.#set({ stores: answer.stores });
    });
  }

  #openStore(storeId) {
    this.#close();
    this.#set(nothingOfAStore());
    this.#loadStore(storeId);
    this.#stream = new SharedStream({
      url: api.streamUrl(storeId),
      onEvent: (name, value) => this.#take(storeId, name, value),
      onPhase: (phase) => this.#phase(phase),
      onRefused: (status) => this.#refused(status),
    });
    this.#stream.start();
    // What is asked for now and then waits for its turn: the first snapshot brings the figures on the screen soonest.
    this.#visit.later(REFRESH_MS, () => this.#refresh(storeId));
  }

  #refused(status) {
    if (status === 401) this.#leave(true);
    else this.#set({ storeProblem: { kind: "missing" }, store: null });
  }

  async #loadStore(storeId) {
    const store = await this.#visit.ask(
      () => api.store(storeId),
      (error) => {
        if (error.status === 404 || error.status === 403) this.#refused(error.status);
        else if (!this.state.store) {
          this.#set({ storeProblem: { kind: "failed", message: error.message } });
          this.#visit.later(RETRY_MS, () => this.#loadStore(storeId));
        }
      },
    );
    if (!store) return;
    // The same version is the same value: nothing is laid out anew after a reconnect.
    if (store.layout_version !== this.state.store?.layout_version || !this.state.store)
      this.#set({ store: withLists(store), storeProblem: null });
  }

  /**
   * What the stream does not carry is asked for now and then, while somebody looks: heat as often as a camera may send a
   * grid, the chart and the other stores' alert counts every third time.
   */
  async #refresh(storeId, round = 1) {
    this.#visit.later(REFRESH_MS, () => this.#refresh(storeId, round + 1));
    if (document.hidden || (this.state.connection.phase !== "live" && this.state.hasSnapshot)) return;
    this.#floor.loadHeat();
    if (round % 3 !== 0) return;
    this.#floor.loadFootfall();
    const answer = await this.#visit.ask(api.stores);
    if (answer) this.#set({ stores: answer.stores });
  }

  #take(storeId, name, value) {
    const atMs = parseInstant(value.at);
    if (atMs !== null) this.#clockOffsetMs = atMs - Date.now();
    if (name === "snapshot") this.#takeSnapshot(storeId, value);
    else if (name === "update") this.#takeUpdate(storeId, value);
    else if (name === "alert") this.#takeAlert(value);
    this.#set({ connection: { ...this.state.connection, lastMs: this.nowMs() } });
  }

  #takeUpdate(storeId, update) {
    const before = this.state.live;
    this.#set({ live: applyUpdate(before, update) });
    this.#floor.followCounts(before);
  }

  #takeSnapshot(storeId, snapshot) {
    const isReturn = this.state.hasSnapshot;
    const newDay = this.state.live.dayStartedAt !== snapshot.day_started_at;
    const before = this.state.live;
    this.#set({ live: applySnapshot(before, snapshot), hasSnapshot: true });
    if (newDay || isReturn) this.#floor.loadFootfall();
    this.#floor.loadHeat();
    if (!isReturn) return;
    // Whatever changed while the page was cut off: the layout, and alerts that nobody was told of.
    this.#loadStore(storeId);
    for (const alert of snapshot.alerts ?? []) this.#announceAlert(before.alerts[alert.alert_id], alert);
  }

  #takeAlert(alert) {
    const before = this.state.live.alerts[alert.alert_id];
    this.#set({ live: applyAlert(this.state.live, alert) });
    this.#announceAlert(before, this.state.live.alerts[alert.alert_id]);
  }

  #announceAlert(before, alert) {
    const said = announcementOf(before, alert);
    if (said) this.#announce(said.text, said.urgent);
  }

  #phase(phase) {
    const { connection } = this.state;
    if (connection.phase === phase) return;
    const lost = connection.phase === "live";
    this.#set({ connection: { ...connection, phase } });
    if (lost) this.#announce(t.connection.announceLost);
    else if (phase === "live" && connection.phase !== "connecting") this.#announce(t.connection.announceBack);
  }

  acknowledge = async (alert) => {
    const id = alert.alert_id;
    const { storeId } = this.state.view;
    const setAck = (ack) => this.#set({ acks: { ...this.state.acks, [id]: ack } });
    setAck({ pending: true });
    const answer = await this.#visit.ask(
      () => api.acknowledge(storeId, id),
      (error) => setAck({ error }),
    );
    if (!answer) return;
    setAck(undefined);
    this.#takeAlert(answer);
  };

  #show(view) {
    const hash = formatView(view);
    if (hash !== location.hash) history.replaceState(null, "", location.pathname + hash);
    this.#set({ view });
    this.#openPage();
  }

  /** Fetch the module of the page that the view names, and let it ask for what it shows. */
  async #openPage() {
    const { view } = this.state;
    const isOpen = () => this.state.view.page === view.page && this.state.session;
    if (view.page === null || !hasPage(view.page)) return this.#pageData.close();
    this.#set({ pageProblem: null });
    try {
      const module = await PAGES[view.page].load();
      if (isOpen()) this.#pageData.open(module, this.state.view);
    } catch (error) {
      console.warn(error);
      if (isOpen()) this.#set({ pageProblem: t.problem.unreachable });
    }
    return undefined;
  }

  reopenPage = () => this.#openPage();

  refreshPage = () => this.#pageData.refresh();

  /** Take over a view that came from outside: the address bar, a link or the back button. */
  #follow(asked) {
    const before = this.state.view;
    if (!this.state.session || !this.state.stores) return this.#set({ view: asked });
    const view = withBeginning(asked, this.state.stores, before.storeId);
    const needsStore = !view.page || !hasPage(view.page) || PAGES[view.page].needsStore;
    if (view.page !== before.page) scrollTo(0, 0);
    this.#show(view);
    if (!needsStore) {
      this.#close();
      this.#set(nothingOfAStore());
      this.#watchStores();
    } else if (view.storeId && (view.storeId !== before.storeId || !this.#stream)) this.#openStore(view.storeId);
    else if (view.page === "floor" && (before.page !== "floor" || (view.heat && !before.heat))) {
      this.#floor.loadHeat();
      this.#floor.loadFootfall();
    }
    return undefined;
  }

  /** Go to another page, or to the same with other params; what is not named stays, but for the params of another page. */
  open = (change) => {
    const before = this.state.view;
    const params = change.page && change.page !== before.page ? {} : before.params;
    const hash = formatView({ ...before, params, ...change });
    if (hash !== location.hash) location.hash = hash;
  };

  chooseStore = (storeId) => {
    this.open({ storeId, item: null });
  };

  select = (item) => this.#show({ ...this.state.view, item });

  setHeat = (heat) => {
    this.#show({ ...this.state.view, heat });
    if (heat) this.#floor.loadHeat();
  };

  retryNow = () => this.#stream?.retryNow();
}
