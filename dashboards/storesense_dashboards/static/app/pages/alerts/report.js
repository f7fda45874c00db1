// How good the alerts are, by what staff did with them.
import { durationText, dayTimeText, numberText, parseInstant } from "../../format.js";
import { pageTexts, t } from "../../i18n/index.js";
import { Card, Empty } from "../../parts/card.js";
import { Figure } from "../../parts/figure.js";
import { Period } from "../../parts/period.js";
import { Table } from "../../parts/table.js";
import { html, Pure } from "../../ui.js";

const p = await pageTexts("alerts");

const percent = (share) => (share === null || share === undefined ? null : `${numberText(share * 100)} %`);
const lasting = (seconds) => (seconds === null || seconds === undefined ? null : durationText(seconds));
const number = (id, label, value, show = null) => ({ id, label, value, isNumber: true, cell: show && ((row) => show(value(row)) ?? t.unknown) });

function ruleColumns() {
  const c = p.report.columns;
  return [
    { id: "rule", label: c.rule, isHead: true, value: (row) => `${p.kinds[row.kind] ?? row.kind} (${row.rule_id})` },
    number("alerts", c.alerts, (row) => row.alerts),
    number("right", c.right, (row) => row.right),
    number("wrong", c.wrong, (row) => row.wrong),
    number("unknown", c.unknown, (row) => row.unknown),
    number("precision", c.precision, (row) => row.precision, percent),
    number("answer", c.answer, (row) => row.acknowledge_s.median, lasting),
    number("resolve", c.resolve, (row) => row.resolve_s.median, lasting),
    number("proof", c.proof, (row) => row.resolved_by_proof),
    number("hand", c.hand, (row) => row.resolved_by_hand),
    number("dismissed", c.dismissed, (row) => row.dismissed.wrong + row.dismissed.not_useful + row.dismissed.otherwise),
    number("escalated", c.escalated, (row) => row.escalated),
  ];
}

function personColumns() {
  const c = p.report.columns;
  const names = ["acknowledged", "taken", "resolved", "dismissed", "snoozed", "reported"];
  return [
    { id: "person", label: c.person, isHead: true, value: (row) => row.name },
    number("told", c.told, (row) => row.alerts_told),
    ...names.map((name) => number(name, c[name], (row) => row[name])),
  ];
}

/** Props: card (what the API told), zone, nowMs, params, setParams. */
export class Report extends Pure {
  render({ card, zone, nowMs, params, setParams }) {
    const { all, load } = card;
    const busiest = load.busiest_hour;
    const aside = html`<${Period} params=${params} zone=${zone} nowMs=${nowMs} fallback="week"
      options=${["today", "week", "month", "custom"]} onChange=${setParams} />`;
    const isEmpty = all.alerts === 0;
    return html`<${Card} id="report" icon="chart" title=${p.report.title} aside=${aside}>
        ${isEmpty
          ? html`<${Empty} icon="chart" title=${p.report.none} help=${p.report.noneHelp} />`
          : html`<dl class="figure-grid">
                <${Figure} id="alerts" label=${p.report.alerts} value=${numberText(all.alerts)} />
                <${Figure} id="precision" label=${p.report.precision} value=${percent(all.precision)}
                  note=${p.report.precisionNote(all.right, all.wrong, all.unknown)}
                  low=${percent(all.precision_low)} high=${percent(all.precision_high)} />
                <${Figure} id="answer" label=${p.report.answer} value=${lasting(all.acknowledge_s.median)}
                  note=${all.acknowledge_s.p90 === null ? null : p.report.answerNote(durationText(all.acknowledge_s.p90))} />
                <${Figure} id="resolve" label=${p.report.resolve} value=${lasting(all.resolve_s.median)}
                  note=${all.resolve_s.p90 === null ? null : p.report.answerNote(durationText(all.resolve_s.p90))} />
                <${Figure} id="load" label=${p.report.load}
                  value=${load.alerts_per_hour_and_person === null ? null : numberText(load.alerts_per_hour_and_person, 2)}
                  note=${busiest && p.report.loadNote(busiest.alerts, dayTimeText(parseInstant(busiest.at) ?? nowMs, nowMs, zone))} />
                <${Figure} id="escalated" label=${p.report.escalated} value=${numberText(all.escalated)}
                  note=${p.report.reminders(all.reminders)} />
              </dl>
              <p class="hint">${p.report.how}</p>`}
      <//>
      ${!isEmpty &&
      html`<${Card} id="report-rules" icon="bell" title=${p.report.byRule}>
          <${Table} title=${p.report.byRule} rows=${card.rules} keyOf=${(row) => row.rule_id} columns=${ruleColumns()} sortedBy="-alerts" />
        <//>
        <${Card} id="report-people" icon="people" title=${p.report.byPerson}>
          <${Table} title=${p.report.byPerson} rows=${card.people} keyOf=${(row) => row.name} columns=${personColumns()} sortedBy="-taken" />
        <//>`}`;
  }
}
