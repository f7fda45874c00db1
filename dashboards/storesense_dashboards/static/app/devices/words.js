// What devices say in words of their own, in the reader's language: known sentences are translated, others stand as they came.
import { pageTexts, t } from "../i18n/index.js";
import { html } from "../ui.js";

const p = await pageTexts("device_words");

const NUMBER = "([-+−]?[0-9][0-9.,]*(?:e[-+][0-9]+)?)";
const PATTERNS = Object.entries({
  frozen: `the picture has not changed for ${NUMBER} s(?:; restart the camera or check its cable)?`,
  moved: "the camera shows another view than it was calibrated for; turn it back, or calibrate it again",
  movedBy: `the camera was moved: its picture has shifted by ${NUMBER} pixels; turn it back, or calibrate it again`,
  slow: `only ${NUMBER} pictures a second come, too few to follow people; check the network and the camera's settings`,
  dark: "the picture is dark; put the lights on, or take off the lens cap",
  covered: "the lens is covered, or so dirty that little can be seen; free or clean it",
  blurred: "the picture is less sharp than it was; clean the lens or focus the camera",
  noPicture: "no picture comes from the camera; the connection is tried again and again",
  overloaded: "the detector is slower than the camera, so pictures are left out; use a smaller model",
  replaySlips: "this machine cannot replay at the speed that is set, so the replay slips",
  mistake: "stopped by a mistake in the program \\(([^)]*)\\); see the agent's log",
  outboxDamaged: "The outbox was damaged and is kept as (.+?); check the disk\\.",
  outboxDropped: "Messages were dropped because the outbox was full or they were too old\\.",
  samplesDropped: `${NUMBER} samples were dropped: this machine is too busy\\.`,
  samplesLost: "([0-9.]+ ?%) of the samples do not arrive\\. Check the cable and whether the reader is busy\\.",
  samplesWild: "([0-9.]+ ?%) of the samples are wild readings\\. Check plugs and shielding\\.",
  noValue: "The cell gives no value\\. Check the amplifier and its cable\\.",
  atItsEnd: `The amplifier is at its end \\(${NUMBER} counts\\): a wire is off or the cell is broken\\.`,
  disconnected: "The counts leap over the whole range: the cell is disconnected\\. Check its four wires\\.",
  swapped: "The counts changed their sign at once: the signal wires are swapped or a bit is lost\\.",
  stuck: `The cell has returned ${NUMBER} for ${NUMBER} samples\\. Restart or replace it\\.`,
  overloadedCell: "The load is more than the cell bears\\. Take it off, and check the zero afterwards\\.",
  clockBack: `The clock was set back by ${NUMBER} s\\. Check the device's time service\\.`,
  nothingFor: `Nothing came for ${NUMBER} s, or the clock was set forward by so much\\.`,
  cellLost: "The cell was lost\\.",
  cellSilent: `The cell has sent nothing for ${NUMBER} s\\. Check its cable, its power, and whether it sends by itself\\.`,
  scaleOverloaded: "The scale says that it is overloaded\\. Take some of the load away\\.",
  calibrationDue: "Calibration due: (.+?)\\.(?=\\s|$)",
  drifted: `the zero drifted by ${NUMBER} g, all that is taken for drift; what leaves slowly looks alike: count the units, then tare`,
  packaging: `units weigh ${NUMBER} g now, not ${NUMBER} g: enter the new packaging`,
  fitsNone: `${NUMBER} g fit no number of units for half an hour: count and tare`,
  unsure: "the number of units has been unsure for half an hour: count and tare",
  notSeenEmpty: `the slot was not seen empty for ${NUMBER} days(?:: tare it)?`,
  noCell: "There is no cell for (.+?), drawn for this device: add each to the device's slots in the site file with the source of its cell, and calibrate it with storesense edge shelf setup\\.",
  noSimulatedCell: "The simulated shelf has no cell for (.+?): it weighs the slots of its own file\\.",
  noSimulatedTill: "The simulated shop has no till for (.+?): nobody is served there\\.",
  ownTills: "The simulated shop serves at the tills of its own file, wherever (.+?) is drawn\\.",
  notTaken: "Not taken up: (.+?)\\.(?=\\s|$)",
  movedSince: "since it was counted, something was moved of which it is not sure what; count again",
  noRest: "the slot has not come to rest; leave it alone and count again",
  takenSince: "more was taken since than was counted; count again",
  weightSays: "the weight says (.+?); count again(?:, and the same number is believed then)?",
  noLight: "It runs on (\\S+), which has no light to blink \\(STORESENSE_EDGE_IDENTIFY_LIGHT\\)\\.",
  blinked: "It runs on (\\S+), whose light has blinked\\.",
  runsOn: "It runs on (\\S+)\\.(?=\\s|$)",
  told: `Told the condition of ${NUMBER} components?\\.`,
  beganAnew: "The agent began anew\\.",
  ended: "The agent ended before this was done; ask again if need be\\.",
  tooLate: `It came ${NUMBER} s too late\\.`,
  unknownClock: "The device does not know yet how wrong its clock is\\.",
  understands: "This device understands (.+?), and not (\\S+?)\\.(?=\\s|$)",
  weighs: "This device weighs (.+?), and not (\\S+?)\\.(?=\\s|$)",
  logsAt: `Everything of this machine logs at (\\S+) for ${NUMBER} s\\.`,
  mistakeNow: "A mistake in the program \\(([^)]*)\\); see the agent's log\\.",
  cellFaulty: "The cell is faulty, so its zero would be wrong; repair it first\\.",
  slotMoves: "The slot does not rest; leave it alone for some seconds and ask again\\.",
  carries: `The slot carries ${NUMBER} g, and an empty one at most ${NUMBER} g; empty it, or calibrate it\\.`,
}).map(([key, pattern]) => [key, new RegExp(`^${pattern}`)]);

const NESTED = new Set(["calibrationDue", "notTaken"]); // what they hold is a sentence itself

function known(rest) {
  for (const [key, pattern] of PATTERNS) {
    const found = pattern.exec(rest);
    if (found) return { key, whole: found[0], given: found.slice(1) };
  }
  return null;
}

/** The pieces of what a device said: `{text, isOwn}`, own where it is not translated. */
export function deviceWords(said) {
  const pieces = [];
  let rest = said.trim();
  while (rest) {
    const found = known(rest);
    const whole = found?.whole ?? /^.+?[.!?](?=\s+\p{Lu})|^.+/su.exec(rest)[0];
    const given = (each) => (NESTED.has(found.key) ? deviceText(each) : each);
    pieces.push(found ? { text: p.words[found.key](...found.given.map(given)), isOwn: false } : { text: whole, isOwn: true });
    rest = rest.slice(whole.length).trim();
  }
  return pieces;
}

/** The same as one text. */
export const deviceText = (said) => deviceWords(said).map(({ text }) => text).join(t.sentenceGap());

/** What a device said, or its cause where it said nothing. Props: text, cause. */
export function DeviceWords({ text, cause }) {
  if (!text) return cause ? (p.causes[cause] ?? cause) : t.unknown;
  const pieces = deviceWords(text);
  return html`<span>${pieces.map(({ text: said, isOwn }, at) => html`${at > 0 && t.sentenceGap()}${isOwn ? html`<span lang="en">${said}</span>` : said}`)}</span>`;
}
