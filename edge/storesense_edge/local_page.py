"""The audit page itself: sign in, choose a line, tap for each person, see the error. One file and no other."""

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Accuracy audit</title>
<style>
  body { font: 18px/1.5 system-ui, sans-serif; max-width: 34rem; margin: 0 auto; padding: 1rem; color: #16202a; }
  button, select, input { font: inherit; padding: .6rem 1rem; border-radius: .5rem; border: 1px solid #6b7785; }
  .big { display: grid; grid-template-columns: 1fr 1fr; gap: 1rem; }
  .big span { display: block; } .big button { min-height: 40vh; font-size: 2.2rem; color: #fff; border: 0; }
  #in { background: #1d6b3f; } #out { background: #1f4e8c; }
  #time { font-size: 2rem; font-variant-numeric: tabular-nums; }
  [hidden] { display: none !important; }
</style>
<h1>Accuracy audit</h1>
<p id="say" role="status" aria-live="polite"></p>
<form id="login"><label>Password <input id="password" type="password" autocomplete="current-password"></label>
<button>Sign in</button></form>
<div id="choose" hidden><p>Stand where you see the line. Tap for each person who has crossed it; in is
where the line's arrow points. An hour, or a hundred people, makes a useful figure.</p>
<label>Line <select id="line"></select></label> <button id="start">Start</button></div>
<div id="tally" hidden><p id="time">0:00</p>
<div class="big"><button id="in">In<span>0</span></button><button id="out">Out<span>0</span></button></div>
<p><button id="undo">Take back the last</button> <button id="stop">Finish</button></p></div>
<script>
"use strict";
const $ = (id) => document.getElementById(id);
const say = (text) => { $("say").textContent = text; };
let ahead = 0, begin = 0, taps = [], timer = 0, chosen = null;
const now = () => Math.round(Date.now() + ahead);
async function ask(path, body) {
  const options = body === undefined ? {} :
    { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  const answer = await fetch(path, options);
  const found = await answer.json();
  if (!answer.ok) throw new Error(found.error.message);
  return found;
}
async function open() {
  const sent = Date.now();
  const told = await ask("/api/now");
  ahead = told.now_ms - (sent + Date.now()) / 2;
  const cameras = await ask("/api/lines");
  $("line").replaceChildren(...Object.entries(cameras).flatMap(([camera, lines]) => lines.map((line) => {
    const option = document.createElement("option");
    option.value = JSON.stringify([camera, line]);
    option.textContent = line + " (" + camera + ")";
    return option;
  })));
  $("login").hidden = true; $("choose").hidden = false; say("");
}
$("login").onsubmit = async (event) => {
  event.preventDefault();
  try { await ask("/api/login", { password: $("password").value }); $("password").value = ""; await open(); }
  catch (error) { say(error.message); }
};
function show() {
  for (const way of ["in", "out"]) $(way).querySelector("span").textContent = taps.filter((t) => t.way === way).length;
  const seconds = Math.floor((now() - begin) / 1000);
  $("time").textContent = Math.floor(seconds / 60) + ":" + String(seconds % 60).padStart(2, "0");
}
$("start").onclick = () => {
  chosen = JSON.parse($("line").value); begin = now(); taps = [];
  $("choose").hidden = true; $("tally").hidden = false; say(""); show(); timer = setInterval(show, 1000);
};
for (const way of ["in", "out"]) $(way).onclick = () => { taps.push({ way, at: now() }); show(); };
$("undo").onclick = () => { taps.pop(); show(); };
$("stop").onclick = async () => {
  clearInterval(timer);
  const times = (way) => taps.filter((t) => t.way === way).map((t) => t.at);
  try {
    const found = await ask("/api/tally",
      { camera: chosen[0], line: chosen[1], from_ms: begin, to_ms: now(), in_ms: times("in"), out_ms: times("out") });
    say(found.says.join(" "));
    $("tally").hidden = true; $("choose").hidden = false;
  } catch (error) { say(error.message + " Nothing is lost: try Finish again."); timer = setInterval(show, 1000); }
};
open().catch(() => {});
</script>
</html>
"""
