// The lanes advice, in English.
const count = (n, one, many) => `${n} ${n === 1 ? one : many}`;

export default {
  title: "Lanes advice",
  openMore: (n) => `Open ${count(n, "more lane", "more lanes")} now`,
  canClose: (n) => `${count(n, "lane", "lanes")} can close`,
  enough: (n) => `${count(n, "lane is", "lanes are")} open, as needed`,
  openOf: (open, needed) => `${open} open, ${needed} needed`,
  waits: (without, following) => `Expected wait ${without}, with it ${following}.`,
  later: (minutes, lanes) => `${lanes} needed in ${minutes} min`,
  notKnown: "No lanes advice yet: it needs staffed lanes with a queue, an entrance line and a day of data.",
  failed: "The lanes advice could not be loaded; it tries again by itself.",
};
