// Setting up: lines, zones, queues, lanes and shelves on the floor plan, in versions; cameras' pictures on their edge boxes.
import { api } from "../api.js";
import { DeviceWords } from "../devices/words.js";
import { dayTimeText } from "../format.js";
import { language, pageTexts, t } from "../i18n/index.js";
import { Card, Empty } from "../parts/card.js";
import { Problem } from "../parts/notice.js";
import { loadStyle } from "../parts/style.js";
import { Table } from "../parts/table.js";
import { toast } from "../parts/toast.js";
import { packed, unpacked } from "../setup/carry.js";
import { newProblems } from "../setup/check.js";
import { FLOOR } from "../setup/drawing.js";
import { Editor, floorBack } from "../setup/editor.js";
import { draftOf, keepDraft } from "../setup/draft.js";
import { begun, changed } from "../setup/history.js";
import { chosenTheme } from "../theme.js";
import { classes, Component, html } from "../ui.js";

const [p] = await Promise.all([pageTexts("setup"), loadStyle("setup")]);

const DRAWERS = new Set(["manager", "admin"]);

export const refreshMs = 15_000;

export const title = () => p.title;

export async function load({ storeId, signal }) {
  const [held, history, devices] = await Promise.all([
    api.get(storeId, "/drawing", { signal }),
    api.get(storeId, "/drawing/history", { params: { limit: 50 }, signal }),
    api.get(storeId, "/drawing/devices", { signal }),
  ]);
  return { held, versions: history.versions, devices: devices.devices, shelves: devices.shelves };
}

const userOf = ({ session }) => session?.user?.user_name ?? session?.user_name ?? "";

const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

const onlineText = (row) => html`<span class=${classes(!row.is_online && "is-bad")}>${row.is_online ? p.online : p.offline}</span>`;

function DeviceState({ row }) {
  const worksBy = row.told_at ? p.bySite : p.saidNothing;
  const version = row.is_in_force ? p.current(row.version) : p.behind(row.version);
  return html`<div class="device-state">
    <span class=${classes(row.version !== null && !row.is_in_force && "is-bad")}>${row.version === null ? worksBy : version}</span>
    ${row.state === "degraded" && html`<small class="hint"><${DeviceWords} text=${row.reason} /></small>`}
  </div>`;
}

/** Props: as every page's View. */
export class View extends Component {
  state = { history: null, base: null, problem: null, isSaving: false, note: "" };

  constructor(props) {
    super(props);
    const { held } = props.data;
    const draft = draftOf(props.view.storeId, userOf(props.state));
    const history = begun(held.drawing);
    this.user = userOf(props.state);
    this.state = {
      ...this.state,
      base: draft ? draft.base : held.version,
      draftAtMs: draft?.atMs ?? null,
      history: draft ? changed(history, { ...history.now, ...draft.drawing }) : history,
    };
  }

  componentDidMount() {
    this.#takeReturned();
  }

  componentDidUpdate(previous) {
    if (this.props.view.params.drawn && this.props.view.params.drawn !== previous.view.params.drawn) this.#takeReturned();
    const { held } = this.props.data;
    // Somebody else's version is shown at once where nothing of one's own would be lost.
    if (held.version !== this.state.base && !this.#isChanged()) this.#begin(held);
  }

  #begin(held) {
    this.#keep(null);
    this.setState({ draftAtMs: null, history: begun(held.drawing), base: held.version, problem: null, note: "" });
  }

  #isChanged() {
    return this.state.history.past.length > 0 && !same(this.state.history.now, this.state.history.past[0]);
  }

  /** Take over what was drawn at an edge box, if this tab sent somebody there. */
  async #takeReturned() {
    const { view, actions } = this.props;
    const { drawn, word, ...params } = view.params;
    if (!drawn) return;
    const draft = draftOf(view.storeId, this.user);
    actions.setParams(params);
    const given = draft?.word && draft.word === word ? await unpacked(drawn) : null;
    if (!given) {
      toast(p.notTaken, { tone: "bad" });
      return;
    }
    const { now } = this.state.history;
    this.#set(changed(this.state.history, { ...now, ...given, slots: now.slots, shelves: now.shelves }));
    toast(p.taken, { tone: "good" });
  }

  #set = (history) => {
    this.setState({ history, problem: null });
    this.#keep({ base: this.state.base, drawing: history.now });
  };

  #keep(draft) {
    keepDraft(this.props.view.storeId, draft && { ...draft, user: this.user, atMs: Date.now() });
  }

  #save = async () => {
    const { view, actions } = this.props;
    this.setState({ isSaving: true, problem: null });
    try {
      const { base, history, note } = this.state;
      const saved = await api.send("PUT", view.storeId, "/drawing", { based_on: base, note: note.trim() || null, drawing: history.now });
      this.#begin(saved);
      toast(p.saved(saved.version), { tone: "good" });
      actions.refreshPage();
    } catch (error) {
      this.setState({ problem: error.code === "drawing_changed" ? p.overtaken : p.notSaved(error.message) });
    }
    this.setState({ isSaving: false });
  };

  #takeBack = async (version) => {
    const { view, data, actions } = this.props;
    try {
      const saved = await api.send("POST", view.storeId, "/drawing/take-back", { version, based_on: data.held.version });
      this.#begin(saved);
      toast(p.takenBack(version, saved.version), { tone: "good" });
      actions.refreshPage();
    } catch (error) {
      this.setState({ problem: p.notSaved(error.message) });
    }
  };

  /** Go to the edge box that has the camera, with a pass and the draft; both stand after # and reach no server's log. */
  #visit = async (camera) => {
    const { view, layout } = this.props;
    const { history, base } = this.state;
    try {
      const given = await api.send("POST", view.storeId, "/drawing/pass", { camera });
      const word = crypto.randomUUID?.() ?? String(Math.random());
      const store = { id: layout.id, name: layout.name, floor: layout.floor, sections: layout.sections, time_zone: layout.time_zone };
      const bare = (drawing) => ({ ...drawing, slots: [] });
      const carried = await packed({ drawing: bare(history.now), held: bare(this.props.data.held.drawing), store, word, language, theme: chosenTheme() });
      this.#keep({ base, drawing: history.now, word });
      location.assign(`${given.setup_url}#pass=${given.setup_pass}&with=${carried}`);
    } catch (error) {
      this.setState({ problem: error.message });
    }
  };

  render({ state, data, layout, zone, nowMs }, { history, base, problem, isSaving, note, draftAtMs }) {
    const mayDraw = DRAWERS.has(state.session?.user?.role ?? state.session?.role);
    const names = Object.fromEntries(layout.slots.map((slot) => [slot.id, slot.name]));
    const problems = newProblems(history.now, data.held.drawing, layout.floor.size_m);
    const isChanged = this.#isChanged();
    const sheets = [{ surface: FLOOR, title: p.floorPlan, label: p.floorLabel(layout.name), back: floorBack(layout.floor), pairs: null }];
    return html`<${Card} id="drawing" icon="setup" title=${p.drawing} aside=${html`<span class="hint">${p.version(data.held.version)}</span>`}>
        ${!mayDraw && html`<p class="hint">${p.readOnly}</p>`}
        ${data.held.version !== base && html`<${Problem} isSmall=${true} title=${p.newer(data.held.version)} message=${p.newerHelp} onRetry=${null} />`}
        <${Editor}
          history=${history}
          held=${data.held.drawing}
          store=${layout}
          names=${names}
          cameras=${data.devices.map((device) => device.device_id)}
          devices=${data.shelves.map((shelf) => shelf.device_id)}
          isFixed=${!mayDraw}
          onHistory=${this.#set}
          sheets=${sheets}
        />
        ${mayDraw &&
        html`<div class=${classes("save-bar", isChanged && "is-changed")}>
          <p role="status">${!isChanged ? p.unchanged : problems.length ? p.toMend(problems.length) : p.unsaved}${isChanged && draftAtMs !== null && ` ${p.draftOf(dayTimeText(draftAtMs, nowMs, zone))}`}</p>
          ${isChanged &&
          html`<label class="field note"><span class="visually-hidden">${p.note}</span>
              <input type="text" maxlength="200" placeholder=${p.note} value=${note} onInput=${(event) => this.setState({ note: event.currentTarget.value })} />
            </label>
            <button class="quiet" onClick=${() => this.#begin(data.held)}>${p.discard}</button>
            <button class="primary" disabled=${problems.length > 0 || isSaving} onClick=${this.#save}>${p.save}</button>`}
        </div>`}
        ${problem && html`<p class="panel-problem" role="alert">${problem}</p>`}
      <//>
      <${Card} id="cameras" icon="device" title=${p.cameras}>
        <p class="card-lead">${p.camerasLead}${data.devices.some((row) => !row.setup_url) && ` ${p.noPictureHelp}`}</p>
        <${Table}
          title=${`${p.cameras}: ${p.columns.works}`}
          rows=${data.devices}
          keyOf=${(row) => row.device_id}
          columns=${[
            { id: "camera", label: p.columns.camera, isHead: true, value: (row) => row.device_id },
            { id: "version", label: p.columns.works, value: (row) => row.version, cell: (row) => html`<${DeviceState} row=${row} />` },
            { id: "online", label: p.columns.online, value: (row) => row.is_online, cell: (row) => onlineText(row) },
            {
              id: "picture",
              label: p.columns.picture,
              value: (row) => row.setup_url,
              cell: (row) =>
                row.setup_url
                  ? html`<button disabled=${!mayDraw} title=${row.setup_url} onClick=${() => this.#visit(row.device_id)}>${p.openPicture}</button>`
                  : html`<span class="hint">${p.noPicture}</span>`,
            },
          ]}
          empty=${html`<${Empty} icon="device" title=${p.noCameras} help=${p.noCamerasHelp} />`}
        />
      <//>
      ${data.shelves.length > 0 &&
      html`<${Card} id="shelves" icon="device" title=${p.shelves}>
        <p class="card-lead">${p.shelvesLead}</p>
        <${Table}
          title=${`${p.shelves}: ${p.columns.works}`}
          rows=${data.shelves}
          keyOf=${(row) => row.device_id}
          columns=${[
            { id: "shelf", label: p.columns.shelf, isHead: true, value: (row) => row.device_id },
            { id: "online", label: p.columns.online, value: (row) => row.is_online, cell: (row) => onlineText(row) },
            { id: "version", label: p.columns.worksPlan, value: (row) => row.version, cell: (row) => html`<${DeviceState} row=${row} />` },
          ]}
        />
      <//>`}
      <${Card} id="versions" icon="replay" title=${p.versions}>
        <${Table}
          title=${`${p.versions}: ${p.columns.note}`}
          rows=${data.versions}
          keyOf=${(row) => String(row.version)}
          columns=${[
            { id: "version", label: p.columns.version, isHead: true, isNumber: true, value: (row) => row.version },
            { id: "at", label: p.columns.at, value: (row) => row.entered_at, cell: (row) => dayTimeText(Date.parse(row.entered_at), nowMs, zone) },
            { id: "by", label: p.columns.by, value: (row) => row.entered_by },
            { id: "note", label: p.columns.note, value: (row) => row.note ?? (row.source === "registration" ? p.fromSite : t.unknown) },
            {
              id: "back",
              label: p.columns.back,
              value: (row) => row.is_in_force,
              cell: (row) =>
                row.is_in_force ? p.inForce : mayDraw && html`<button class="quiet" onClick=${() => this.#takeBack(row.version)}>${p.takeBack(row.version)}</button>`,
            },
          ]}
        />
      <//>`;
  }
}
