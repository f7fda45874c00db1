// The edge box's own page: a camera's picture and tracks to draw over, matched with the floor plan, and tried on the last
// hour. It speaks with this box alone; what was drawn goes back in the address of the page that one came from.
import { refusalText } from "../api.js";
import { pointsText } from "../floor/geometry.js";
import { timeText } from "../format.js";
import { pageTexts, t } from "../i18n/index.js";
import { Card, Empty } from "../parts/card.js";
import { Loading } from "../parts/notice.js";
import { Table } from "../parts/table.js";
import { Component, html, render } from "../ui.js";
import { codesOf, newProblems } from "./check.js";
import { packed } from "./carry.js";
import { FLOOR, itemOf, keyOf, pairsOf, pictureOf, placedOnFloor, rounded, viewOf, withPairs } from "./drawing.js";
import { Editor, floorBack } from "./editor.js";
import { begun, changed } from "./history.js";
import { inverse, mapped } from "./plane.js";

const p = await pageTexts("setup");
const b = p.box;

const PICTURE_MS = 2_000;
const TRY_AFTER_MS = 800;
const LOOK_AGAIN_MS = 3_000;
const KEY_COMES_MS = 20_000;
const KNOCK_AGAIN_MS = 1_000;
const MAX_TRACKS = 400;

async function ask(path, body) {
  const response = await fetch(path, {
    method: body === undefined ? "GET" : "POST",
    headers: body === undefined ? {} : { "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
    credentials: "same-origin",
  });
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw Object.assign(new Error(refusalText(answer.error ?? {}, response.status)), {
      status: response.status,
      code: answer.error?.code,
    });
  return answer;
}

/** Places as lines, one a track; the newest tracks only where there are very many. */
function linesOf(places) {
  const tracks = new Map();
  for (const [, number, x, y] of places) tracks.set(number, [...(tracks.get(number) ?? []), [x, y]]);
  return [...tracks.values()].slice(-MAX_TRACKS);
}

/** What the floor's lines and zones look like in the picture, once both are matched. */
function carriedOver(drawing, camera, matrix) {
  if (!matrix) return [];
  const toPicture = inverse(matrix);
  const view = viewOf(drawing, camera);
  return ["line", "zone", "queue"].flatMap((kind) =>
    (view?.[`${kind}s`] ?? [])
      .filter((each) => !each.image)
      .map((each) => itemOf(drawing, keyOf(kind, each[kind]))?.floor_m?.map((at) => mapped(toPicture, at)))
      .filter((points) => points?.every(Boolean)),
  );
}

class Box extends Component {
  state = {
    history: begun(this.props.carried.drawing),
    aspect: 16 / 9,
    pictureUrl: null,
    hasPicture: null,
    places: [],
    showsTracks: true,
    isMatching: false,
    match: null,
    matchProblem: null,
    loose: { image: [], floor: [] }, // points that were added and nobody has put in their place yet
    tried: null,
    tryProblem: null,
    isOver: false,
  };
  picture = pictureOf(this.props.camera);

  componentDidMount() {
    this.#loadPicture();
    this.#loadTracks();
    this.#matchAnew();
    this.#try();
    this.looking = setInterval(() => this.#lookAgain(), LOOK_AGAIN_MS);
  }

  componentWillUnmount() {
    clearInterval(this.looking);
    clearTimeout(this.timer);
  }

  /** Until somebody has walked by, look again and again. */
  #lookAgain() {
    if (this.state.isOver || this.state.tried?.tracks) return;
    this.#loadTracks();
    this.#try();
  }

  #loadPicture = () => {
    const image = new Image();
    const url = `/api/picture?camera=${encodeURIComponent(this.props.camera)}&at=${Date.now()}`;
    image.onload = () => {
      this.setState({ pictureUrl: url, hasPicture: true, aspect: image.naturalWidth / image.naturalHeight });
      setTimeout(this.#loadPicture, PICTURE_MS);
    };
    image.onerror = () => {
      this.setState({ hasPicture: this.state.hasPicture ?? false });
      setTimeout(this.#loadPicture, 2 * PICTURE_MS);
    };
    image.src = url;
  };

  async #loadTracks() {
    if (this.state.isOver) return;
    try {
      this.setState({ places: (await ask(`/api/tracks?camera=${encodeURIComponent(this.props.camera)}`)).places });
    } catch (error) {
      if (error.status === 401) this.setState({ isOver: true });
    }
  }

  #set = (history) => {
    const before = this.state.history.now;
    this.setState({ history });
    if (history.now === before) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.#matchAnew();
      this.#try();
    }, TRY_AFTER_MS);
  };

  async #matchAnew() {
    const { image, floor } = pairsOf(this.state.history.now, this.props.camera);
    if (image.length < 4) return this.setState({ match: null, matchProblem: null });
    try {
      const match = await ask("/api/match", { image, floor_m: floor });
      return this.setState({ match, matchProblem: null });
    } catch (error) {
      return this.setState({ match: null, matchProblem: error.message, isOver: this.state.isOver || error.status === 401 });
    }
  }

  #try = async () => {
    const { camera, carried } = this.props;
    const drawing = this.state.history.now;
    if (newProblems(drawing, carried.held, carried.store.floor.size_m).length || !viewOf(drawing, camera)) return this.setState({ tried: null, tryProblem: null });
    try {
      return this.setState({ tried: await ask("/api/try", { camera, drawing }), tryProblem: null });
    } catch (error) {
      return this.setState({ tried: null, tryProblem: error.message, isOver: this.state.isOver || error.status === 401 });
    }
  };

  /** A further pair, somewhere: it says nothing before both of its points were put in their place by hand. */
  #addPair = () => {
    const { image, floor } = pairsOf(this.state.history.now, this.props.camera);
    const [width, depth] = this.props.carried.store.floor.size_m;
    // Beside each other from the middle on, so that none hides another.
    const places = [[0.25, 0.8], [0.75, 0.8], [0.75, 0.4], [0.25, 0.4], [0.5, 0.6]];
    const [x, y] = places[image.length % places.length];
    const shift = Math.floor(image.length / places.length) * 0.05;
    const seen = [x + shift, y - shift];
    const there = [rounded(seen[0] * width, FLOOR), rounded(seen[1] * depth, FLOOR)];
    const { loose } = this.state;
    this.setState({ loose: { image: [...loose.image, image.length], floor: [...loose.floor, image.length] } });
    this.#set(changed(this.state.history, withPairs(this.state.history.now, this.props.camera, { image: [...image, seen], floor: [...floor, there] })));
  };

  #removePair = () => {
    const { image, floor } = pairsOf(this.state.history.now, this.props.camera);
    this.#set(changed(this.state.history, withPairs(this.state.history.now, this.props.camera, { image: image.slice(0, -1), floor: floor.slice(0, -1) })));
  };

  /** The first point that waits to be put in its place, counted from 1; null if none does. */
  #looseOne() {
    const count = pairsOf(this.state.history.now, this.props.camera).image.length;
    const { image, floor } = this.state.loose;
    const waiting = [...image, ...floor].filter((index) => index < count);
    return waiting.length ? Math.min(...waiting) + 1 : null;
  }

  #pairsOn(side) {
    const pairs = pairsOf(this.state.history.now, this.props.camera);
    return {
      pairs: { points: pairs[side], suspect: this.state.match?.suspect_pair ?? null },
      onPairs: (points, tag) => {
        const { loose } = this.state;
        const isStill = (index) => points[index]?.every((value, axis) => value === pairs[side][index]?.[axis]);
        this.setState({ loose: { ...loose, [side]: loose[side].filter(isStill) } });
        this.#set(changed(this.state.history, withPairs(this.state.history.now, this.props.camera, { ...pairs, [side]: points }), tag && `${side}:${tag}`));
      },
    };
  }

  #leave = async (takes) => {
    const { carried, returnUrl } = this.props;
    const back = new URLSearchParams({ store: carried.store.id, page: "setup" });
    if (takes) {
      back.set("word", carried.word);
      const { history, match } = this.state;
      const toFloor = (at) => match && mapped(match.matrix, at);
      back.set("drawn", await packed(placedOnFloor(history.now, this.props.camera, toFloor, carried.store.floor.size_m)));
    }
    await ask("/api/leave", {}).catch(() => {});
    location.assign(`${returnUrl}#${back}`);
  };

  #back = (fit) => {
    const { pictureUrl, places, showsTracks, match, history } = this.state;
    const fraction = (points) => pointsText(points.map(fit.toPx));
    return html`<g aria-hidden="true">
      <rect class="sheet-floor" x=${fit.left} y=${fit.top} width=${fit.widthPx} height=${fit.heightPx} />
      ${pictureUrl && html`<image href=${pictureUrl} x=${fit.left} y=${fit.top} width=${fit.widthPx} height=${fit.heightPx} preserveAspectRatio="none" />`}
      ${showsTracks && linesOf(places).map((track, i) => html`<polyline key=${i} class="sheet-track" points=${fraction(track)} />`)}
      ${carriedOver(history.now, this.props.camera, match?.matrix).map((points, i) =>
        points.length === 2
          ? html`<polyline key=${`c${i}`} class="sheet-carried" points=${fraction(points)} />`
          : html`<polygon key=${`c${i}`} class="sheet-carried" points=${fraction(points)} />`,
      )}
    </g>`;
  };

  #matching(problems) {
    const { isMatching, match, matchProblem, history } = this.state;
    const count = pairsOf(history.now, this.props.camera).image.length;
    const codes = codesOf(problems, `pairs:${this.props.camera}`);
    const looseOne = this.#looseOne();
    return html`<details class="matching" open=${isMatching} onToggle=${(event) => this.setState({ isMatching: event.currentTarget.open })}>
      <summary>${b.match} <small>${b.pairs(count)}</small></summary>
      <p class="hint">${b.matchHelp}</p>
      <div class="matching-tools">
        <button onClick=${this.#addPair}>${b.addPair}</button>
        ${count > 0 && html`<button class="quiet" onClick=${this.#removePair}>${b.removePair}</button>`}
      </div>
      <p role="status" class="matching-error">
        ${looseOne !== null && b.loose(looseOne)}
        ${looseOne === null && match && (match.error_cm === null ? b.noError : b.error(Math.round(match.error_cm)))}
        ${looseOne === null && match && match.suspect_pair !== null && ` ${b.suspect(match.suspect_pair + 1)}`}
      </p>
      ${(codes.length ? codes.map((code) => p.problems[code]) : matchProblem ? [matchProblem] : []).map((text) => html`<p key=${text} class="panel-problem" role="alert">${text}</p>`)}
    </details>`;
  }

  #tried(zone) {
    const { tried, tryProblem, history } = this.state;
    const nameOf = (id) => ["line", "zone", "queue"].map((kind) => itemOf(history.now, keyOf(kind, id))?.name).find(Boolean) ?? id;
    if (tryProblem) return html`<p class="panel-problem" role="alert">${tryProblem}</p>`;
    if (!tried || !tried.tracks) return html`<p class="hint">${b.noTracks}</p><button onClick=${this.#try}>${b.tryAgain}</button>`;
    const lines = Object.entries(tried.lines).map(([id, [entered, left]]) => ({ id, name: nameOf(id), entered, left, counted: tried.counted[id]?.join(", ") ?? null }));
    const zones = Object.entries(tried.zones).map(([id, [visits, most]]) => ({ id, name: nameOf(id), visits, most }));
    return html`<p class="hint">${b.tryingHelp(tried.tracks, timeText(tried.from_ms, zone), timeText(tried.to_ms, zone))}</p>
      ${lines.length > 0 &&
      html`<${Table} title=${`${b.trying}: ${p.kinds.line}`} rows=${lines} keyOf=${(row) => row.id} columns=${[
        { id: "name", label: b.columns.name, isHead: true, value: (row) => row.name },
        { id: "entered", label: b.columns.entered, isNumber: true, value: (row) => row.entered },
        { id: "left", label: b.columns.left, isNumber: true, value: (row) => row.left },
        { id: "counted", label: b.columns.counted, isNumber: true, value: (row) => row.counted, cell: (row) => row.counted ?? t.unknown },
      ]} />`}
      ${zones.length > 0 &&
      html`<${Table} title=${`${b.trying}: ${p.kinds.zone}`} rows=${zones} keyOf=${(row) => row.id} columns=${[
        { id: "name", label: b.columns.name, isHead: true, value: (row) => row.name },
        { id: "visits", label: b.columns.visits, isNumber: true, value: (row) => row.visits },
        { id: "most", label: b.columns.most, isNumber: true, value: (row) => row.most },
      ]} />`}
      <button class="quiet" onClick=${this.#try}>${b.tryAgain}</button>`;
  }

  render({ camera, cameras, carried }, { history, aspect, hasPicture, showsTracks, isMatching, isOver }) {
    const { store } = carried;
    const problems = newProblems(history.now, carried.held, store.floor.size_m);
    const looseOne = this.#looseOne();
    const sheets = [
      { surface: this.picture, title: b.picture, label: b.pictureLabel(camera), aspect, back: this.#back, ...(isMatching ? this.#pairsOn("image") : { pairs: null }) },
      { surface: FLOOR, title: p.floorPlan, label: p.floorLabel(store.name), back: floorBack(store.floor), ...(isMatching ? this.#pairsOn("floor") : { pairs: null }) },
    ];
    return html`<main class="page setup-page" id="content">
      <h1 class="visually-hidden">${p.title} · ${t.product}</h1>
      <${Card} id="drawing" icon="setup" title=${b.title(camera)} aside=${html`<span class="hint">${store.name}</span>`}>
        <p class="card-lead">${b.lead}</p>
        ${isOver && html`<p class="panel-problem" role="alert">${b.ended}</p>`}
        ${hasPicture === false && html`<p class="hint">${b.noPicture}</p>`}
        <${Editor}
          history=${history}
          held=${carried.held}
          store=${store}
          names=${{}}
          devices=${null}
          cameras=${[...new Set([...cameras, ...history.now.cameras.map((view) => view.camera)])]}
          isFixed=${false}
          onHistory=${this.#set}
          sheets=${sheets}
          aside=${html`${this.#matching(problems)}
            <label class="check"><input type="checkbox" checked=${showsTracks} onChange=${(event) => this.setState({ showsTracks: event.currentTarget.checked })} /><span>${b.tracks}</span></label>`}
        />
        <div class="save-bar is-changed">
          <p role="status">${problems.length ? p.toMend(problems.length) : looseOne !== null ? b.loose(looseOne) : ""}</p>
          <button class="quiet" onClick=${() => this.#leave(false)}>${b.leave}</button>
          <button class="primary" disabled=${problems.length > 0 || looseOne !== null} onClick=${() => this.#leave(true)}>${b.takeOver}</button>
        </div>
      <//>
      <${Card} id="trying" icon="replay" title=${b.trying}>${this.#tried(store.time_zone)}<//>
    </main>`;
  }
}

/** Let somebody in by a pass and show the camera; `carried` is what the other page gave along. */
/** Come in by a pass. The box is told the key of a backend that has just begun some seconds later: until then, knock again. */
async function enter(pass) {
  const untilMs = Date.now() + KEY_COMES_MS;
  for (;;) {
    try {
      return await ask("/api/session", { setup_pass: pass });
    } catch (error) {
      if (error.code !== "unknown_backend" || Date.now() > untilMs) throw error;
      await new Promise((resolve) => setTimeout(resolve, KNOCK_AGAIN_MS));
    }
  }
}

export async function begin(pass, carried) {
  const root = document.getElementById("app");
  document.documentElement.lang = t.lang;
  const refused = (message) => render(html`<main class="page"><${Empty} icon="warning" title=${b.refused} help=${message} /></main>`, root);
  if (!pass || !carried) return refused(b.noPass);
  render(html`<main class="page"><${Loading} text=${b.entering} /></main>`, root);
  try {
    const session = await enter(pass);
    document.title = `${b.title(session.camera)} · ${t.product}`;
    render(html`<${Box} camera=${session.camera} cameras=${session.cameras} returnUrl=${session.return_url} carried=${carried} />`, root);
  } catch (error) {
    refused(error.message);
  }
  return undefined;
}

