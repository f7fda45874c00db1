// What happens: signing in, opening a store and a page, following the stream, acknowledging. It owns the state; views only show it.
import { api } from "./api.js";
import { FloorData } from "./floor_data.js";
import { t } from "./i18n/index.js";
import { nothingOfAStore, takeAhead, withBeginning } from "./opening.js";
import { NO_DATA, PageData } from "./page_data.js";
import { hasPage, PAGES } from "./pages/index.js";
import { EMPTY_VIEW, formatView, parseView } from "./route.js";
import { prepareStream, tellSignedOut } from "./shared_stream.js";
import { StoreFollowing } from "./store_following.js";
import { Visit } from "./visit.js";

const REFRESH_MS = 10_000;
const RETRY_MS = 5_000;

/** Owns the state and calls `onChange(state)` after every change. */
export class Controller {
  #onChange;
  #ahead = null; // what came before the scripts, until a store is opened
  #visit = new Visit(() => this.#leave(true));
  #floor = new FloorData(
    { set: (change) => this.#set(change), nowMs: () => this.nowMs(), getState: () => this.state },
    this.#visit,
  );
  #openedPage = null; // the page whose module was handed to #pageData
  #clockOffsetMs = 0;
  #following = new StoreFollowing(
    {
      set: (change) => this.#set(change),
      getState: () => this.state,
      nowMs: () => this.nowMs(),
      setClock: (atMs) => {
        this.#clockOffsetMs = atMs - Date.now();
      },
      announce: (text, urgent) => this.#announce(text, urgent),
      onSignedOut: () => this.#leave(true),
    },
    this.#visit,
    this.#floor,
  );
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
    const ahead = await takeAhead();
    if (ahead) {
      this.#set({ session: ahead.session });
      if (!ahead.session) return;
      this.#ahead = ahead;
      await this.#openStores(ahead);
      return;
    }
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
    this.#following.close();
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
    this.#following.open(storeId, this.#ahead);
    this.#ahead = null;
  }

  acknowledge = (alert) => this.#following.acknowledge(alert);

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
    const isKnown = view.page !== null && hasPage(view.page);
    // One page's view must not stand under another's name until the other's module is there.
    if (!isKnown || this.#openedPage !== view.page) {
      this.#openedPage = null;
      this.#pageData.close();
      this.#set({ pageData: NO_DATA });
    }
    if (!isKnown) return undefined;
    this.#set({ pageProblem: null });
    try {
      const module = await PAGES[view.page].load();
      if (isOpen()) {
        this.#openedPage = view.page;
        this.#pageData.open(module, this.state.view);
      }
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
    } else if (view.storeId && (view.storeId !== before.storeId || !this.#following.isOpen)) this.#openStore(view.storeId);
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

  retryNow = () => this.#following.retryNow();
}
