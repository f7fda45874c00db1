// Devices: which are well, how complete their data is hour by hour and why not, clocks, outboxes, versions, calibration.
import { api, request, storePath } from "../api.js";
import { Calibration } from "../devices/calibration.js";
import { AskDialog, Commands, mayAsk, mergedCommands, recentCommands } from "../devices/commands.js";
import { Components } from "../devices/components.js";
import { awaitedMessages, completenessOf, deviceRows, isClockOff } from "../devices/hours.js";
import { Ledger } from "../devices/ledger.js";
import { Devices } from "../devices/list.js";
import { percent, reasonsText } from "../devices/shares.js";
import { numberText } from "../format.js";
import { pageTexts } from "../i18n/index.js";
import { Empty } from "../parts/card.js";
import { Figure } from "../parts/figure.js";
import { openFolds, withFold } from "../parts/fold.js";
import { Loading } from "../parts/notice.js";
import { loadStyle } from "../parts/style.js";
import { toast } from "../parts/toast.js";
import { html, Pure } from "../ui.js";

const [p] = await Promise.all([pageTexts("devices"), loadStyle("devices")]);

export const refreshMs = 20_000;

/** What is looked for and which lids are open narrow what is shown, not what is asked. */
export const dataParams = [];

export const title = () => p.title;

export async function load({ storeId, signal }) {
  const ask = (rest) => request("GET", storePath(storeId, rest), undefined, { signal });
  const dayAgo = new Date(Date.now() - 7 * 86_400_000 + 60_000).toISOString();
  const [devices, completeness, planogram, quality, commands] = await Promise.all([
    ask("/devices"),
    ask("/completeness"),
    ask("/planogram/devices"),
    ask(`/quality?from=${encodeURIComponent(dayAgo)}`),
    ask("/commands?limit=100"),
  ]);
  return { devices: devices.devices, completeness, planogram: planogram.devices, quality, commands: commands.commands };
}

/** Props: as every page's View. */
export class View extends Pure {
  state = { asked: null, sent: [] };

  #ask = (deviceId) => this.setState({ ...this.state, asked: deviceId });

  #close = () => this.setState({ ...this.state, asked: null });

  #send = async (body) => {
    const { asked } = this.state;
    const sent = await api.send("POST", this.props.view.storeId, `/devices/${encodeURIComponent(asked)}/commands`, body);
    this.setState({ ...this.state, asked: null, sent: [sent, ...this.state.sent].slice(0, 100) });
    toast(p.commands.sentToast, { tone: "good" });
  };

  render({ state, layout, live, nowMs, zone, data, view, actions }, { asked, sent }) {
    if (!state.hasSnapshot) return html`<${Loading} />`;
    if (!data.devices.length) return html`<${Empty} icon="device" title=${p.none} help=${p.noneHelp} />`;
    const rows = deviceRows(data, live.devices);
    const online = rows.filter((row) => row.state === "online").length;
    const offClocks = rows.filter(isClockOff);
    const waiting = rows.reduce((sum, row) => sum + (row.outboxMessages ?? 0), 0);
    const awaited = data.completeness.devices.reduce((sum, entry) => sum + awaitedMessages(entry.boots), 0);
    const others = data.completeness.devices.find((entry) => entry.device_id === null)?.hours ?? [];
    const allHours = data.completeness.devices.flatMap((entry) => entry.hours);
    const share = completenessOf(allHours);
    const commands = mergedCommands(sent, data.commands, recentCommands(live.devices));
    const folds = openFolds(view.params);
    const fold = (name) => ({ isOpen: folds.has(name), onToggle: (isOpen) => actions.setParams(withFold(view.params, name, isOpen)) });
    const askedRow = rows.find((row) => row.device_id === asked);
    return html`<div class="figures">
        <dl class="figure-grid">
          <${Figure} id="online" icon="device" label=${p.online} value=${numberText(online)} of=${p.of(rows.length)} tone=${online < rows.length ? "act" : null} />
          <${Figure} id="complete" label=${p.complete24} value=${share === null ? null : percent(share)} note=${reasonsText(allHours) || null} tone=${share !== null && share < 0.95 ? "act" : null} />
          <${Figure} id="clocks" label=${p.offClocks} value=${numberText(offClocks.length)} note=${offClocks.map((row) => row.device_id).join(", ") || null} tone=${offClocks.length ? "act" : null} />
          <${Figure} id="outbox" label=${p.waiting} value=${numberText(waiting)} unit=${p.messageUnit} />
          <${Figure} id="awaited" label=${p.awaitedLabel} value=${numberText(awaited)} unit=${p.messageUnit} tone=${awaited ? "act" : null} />
        </dl>
      </div>
      <${Devices}
        rows=${rows}
        commands=${commands}
        layout=${layout}
        nowMs=${nowMs}
        mayAskHere=${mayAsk(state.session?.user?.role ?? state.session?.role)}
        onAsk=${this.#ask}
        params=${view.params}
        setParams=${actions.setParams}
      />
      <${Commands} commands=${commands} layout=${layout} nowMs=${nowMs} zone=${zone} />
      ${askedRow && html`<${AskDialog} key=${asked} device=${askedRow} layout=${layout} onClose=${this.#close} onSend=${this.#send} />`}
      <${Ledger} rows=${rows} others=${others} zone=${zone} from=${Date.parse(data.completeness.from)} nowMs=${nowMs} ...${fold("whole")} />
      <${Components} rows=${rows} nowMs=${nowMs} ...${fold("well")} />
      <${Calibration}
        layout=${layout}
        live=${live}
        quality=${data.quality}
        nowMs=${nowMs}
        zone=${zone}
        href=${`#store=${encodeURIComponent(view.storeId)}&page=alerts`}
      />`;
  }
}
