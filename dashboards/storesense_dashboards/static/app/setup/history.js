// What was drawn, step by step, with the way back and forth. Pure.

const MAX_STEPS = 200;

/** `now` is the drawing; `tag` names what the last step changed, so that one drag or one held key is one step. */
export const begun = (drawing) => ({ past: [], now: drawing, future: [], tag: null });

export function changed(history, drawing, tag = null) {
  if (drawing === history.now) return history;
  if (tag !== null && tag === history.tag) return { ...history, now: drawing, future: [] };
  return { past: [...history.past, history.now].slice(-MAX_STEPS), now: drawing, future: [], tag };
}

/** What comes next is a step of its own, whatever it changes. */
export const settled = (history) => (history.tag === null ? history : { ...history, tag: null });

export const undone = ({ past, now, future }) =>
  past.length ? { past: past.slice(0, -1), now: past.at(-1), future: [now, ...future], tag: null } : { past, now, future, tag: null };

export const redone = ({ past, now, future }) =>
  future.length ? { past: [...past, now], now: future[0], future: future.slice(1), tag: null } : { past, now, future, tag: null };
