// What is selected, in fields: the same by numbers that the sheet does by hand, for keyboards, screen readers and exact places.
import { pageTexts } from "../i18n/index.js";
import { html } from "../ui.js";
import { cameraOf, inSideOn, itemOf, measuredBy, nearestCamera, partsOf, pointsOn, rounded, withInSide, withItem, withPoints } from "./drawing.js";
import { Check, Choice } from "./fields.js";
import { shownOf, unitOf } from "./sheet.js";
import { SlotFields } from "./slot_fields.js";

const p = await pageTexts("setup");

const MEASURED = new Set(["line", "zone", "queue"]);

/** A number that is typed: what is no number yet changes nothing and stays as it is typed. */
function Coordinate({ label, surface, value, onChange }) {
  const step = surface.kind === "floor" ? 0.1 : 0.5;
  const onInput = ({ currentTarget }) => {
    const typed = currentTarget.valueAsNumber;
    if (Number.isFinite(typed)) onChange(rounded(surface.kind === "floor" ? typed : typed / 100, surface));
  };
  return html`<span class="coordinate">
    <input type="number" aria-label=${label} step=${step} value=${shownOf(surface, value)} onInput=${onInput} /><span aria-hidden="true">${unitOf(surface)}</span>
  </span>`;
}

/** Points as rows of two fields. Props: points, surface, names(i), canRemove, onChange(points, tag), onRemove(i). */
export function Points({ points, surface, names, least, onChange }) {
  const set = (index, axis) => (value) =>
    onChange(
      points.map((point, i) => (i === index ? point.map((old, j) => (j === axis ? value : old)) : point)),
      `field:${index}:${axis}`,
    );
  return html`<table class="points">
    <thead>
      <tr><th scope="col">${p.point}</th><th scope="col">${p.across}</th><th scope="col">${p.down}</th><td></td></tr>
    </thead>
    <tbody>
      ${points.map(
        ([x, y], i) =>
          html`<tr key=${i}>
            <th scope="row">${names(i)}</th>
            <td><${Coordinate} label=${`${names(i)}, ${p.across}`} surface=${surface} value=${x} onChange=${set(i, 0)} /></td>
            <td><${Coordinate} label=${`${names(i)}, ${p.down}`} surface=${surface} value=${y} onChange=${set(i, 1)} /></td>
            <td>
              ${points.length > least &&
              html`<button class="quiet icon-only" aria-label=${p.removePoint(names(i))} onClick=${() => onChange(points.toSpliced(i, 1), null)}>×</button>`}
            </td>
          </tr>`,
      )}
    </tbody>
  </table>`;
}

const pointNames = (kind, i, count) => {
  if (kind === "line") return p.ends[i];
  if (kind === "lane") return i === 0 ? p.till : p.served(i);
  if (kind !== "slot") return p.corner(i + 1);
  return count > 1 ? p.boxCorners[i] : p.place;
};

function Particulars({ drawing, shapeKey, kind, item, sections, onChange }) {
  const set = (change) => onChange(withItem(drawing, shapeKey, change));
  if (kind === "line") return html`<${Check} label=${p.isEntrance} isOn=${item.is_entrance} onChange=${(is_entrance) => set({ is_entrance })} />`;
  if (kind === "zone") return html`<${Check} label=${p.staffOnly} isOn=${item.staff_only} onChange=${(staff_only) => set({ staff_only })} />`;
  if (kind === "lane")
    return html`<${Choice} label=${p.laneKind} value=${item.kind} options=${Object.entries(p.laneKinds)} onChange=${(value) => set({ kind: value })} />`;
  if (kind !== "queue") return null;
  const isFor = (id) => item.lanes.includes(id);
  return html`<${Choice} label=${p.section} value=${item.section} options=${sections.map(({ id, name }) => [id, name])} onChange=${(section) => set({ section })} />
    <fieldset class="field"><legend>${p.lanesOfQueue}</legend>
      ${drawing.lanes.map(
        ({ id, name }) =>
          html`<${Check} key=${id} label=${name} isOn=${isFor(id)} onChange=${(isOn) => set({ lanes: isOn ? [...item.lanes, id] : item.lanes.filter((each) => each !== id) })} />`,
      )}
      ${!drawing.lanes.length && html`<p class="hint">${p.noLanes}</p>`}
    </fieldset>`;
}

/**
 * Props: drawing, selected, surface, codes (what is wrong with it), cameras, devices (that weigh slots; none where slots are
 * not drawn), held, store, names, isFixed, onChange(drawing, tag), onRemove(key).
 */
export function Panel({ drawing, selected, surface, codes, cameras, devices, held, store, names, isFixed, onChange, onRemove }) {
  const { sections } = store;
  const item = selected && selected !== "pair" ? itemOf(drawing, selected) : null;
  if (!item) return html`<p class="hint">${p.selectHelp}</p>`;
  const [kind, id] = partsOf(selected);
  const points = pointsOn(drawing, surface, selected);
  const name = item.name ?? names[id] ?? id;
  const inSide = kind === "line" ? inSideOn(drawing, surface, selected) : null;
  const least = { line: 2, zone: 3, queue: 3, lane: 1, shelf: 3, slot: 2 }[kind];
  const mayRemove = kind !== "slot" || devices;
  const camera = MEASURED.has(kind) ? cameraOf(drawing, selected) : null;
  const isUnmeasured = MEASURED.has(kind) && camera === null;
  const near = isUnmeasured ? nearestCamera(drawing, selected) : null;
  const place = (fresh, tag) => onChange(withPoints(drawing, surface, selected, fresh), tag && `${tag}:${selected}`);
  return html`<fieldset class="panel" disabled=${isFixed}>
    <legend>${p.kinds[kind]}: ${name}</legend>
    ${codes.map((code) => html`<p key=${code} class="panel-problem" role="alert">${p.problems[code]}</p>`)}
    ${mayRemove &&
    html`<label class="field"><span>${p.name}</span>
      <input type="text" maxlength="120" value=${name} onInput=${(event) => onChange(withItem(drawing, selected, { name: event.currentTarget.value }), `name:${selected}`)} />
    </label>`}
    <${Particulars} drawing=${drawing} shapeKey=${selected} kind=${kind} item=${item} sections=${sections} onChange=${onChange} />
    ${kind === "slot" && devices && html`<${SlotFields} drawing=${drawing} shapeKey=${selected} item=${item} held=${held} store=${store} devices=${devices} onChange=${onChange} />`}
    ${inSide &&
    html`<${Choice} label=${p.inSide} value=${inSide} options=${Object.entries(p.sides)} hint=${p.inSideHelp} onChange=${(value) => onChange(withInSide(drawing, surface, selected, value))} />`}
    ${MEASURED.has(kind) &&
    html`<${Choice}
      label=${p.measuredBy}
      value=${camera}
      options=${[["", p.noCamera], ...cameras.map((each) => [each, each])]}
      hint=${isUnmeasured && p.unmeasuredHelp}
      onChange=${(chosen) => onChange(measuredBy(drawing, selected, chosen))}
    />`}
    ${cameras.includes(near) && html`<button onClick=${() => onChange(measuredBy(drawing, selected, near))}>${p.takeCamera(near)}</button>`}
    ${points.length > 0
      ? html`<${Points} points=${points} surface=${surface} names=${(i) => pointNames(kind, i, points.length)} least=${least} onChange=${place} />`
      : html`<p class="hint">${surface.kind === "floor" ? p.notOnFloor : p.notInPicture}</p>`}
    ${kind === "lane" && surface.kind === "floor" && points.length > 0 && html`<button onClick=${() => place([...points, [points[0][0], points[0][1] + 0.8]], null)}>${p.addServed}</button>`}
    ${!points.length && html`<button onClick=${() => onChange(placedOn(drawing, surface, selected, kind))}>${p.drawHere}</button>`}
    ${mayRemove && html`<button class="quiet danger" onClick=${() => onRemove(selected)}>${p.remove}</button>`}
  </fieldset>`;
}

/** A shape that had no place on a surface, in its middle. */
function placedOn(drawing, surface, key, kind) {
  const [w, h] = surface.size ?? [1, 1];
  const at = (x, y) => [rounded(w * x, surface), rounded(h * y, surface)];
  const points = { line: [at(0.4, 0.5), at(0.6, 0.5)], lane: [at(0.5, 0.5)], slot: [at(0.5, 0.5)] }[kind] ?? [at(0.4, 0.4), at(0.6, 0.4), at(0.6, 0.6), at(0.4, 0.6)];
  return withPoints(drawing, surface, key, points);
}
