// Dials, filters, order and length: what differs from the defaults is kept.

import { $ } from "./dom.js";
import { DIALS, FLAGS, NAMES, NUMBERS, filtersOn, state } from "./state.js";

const DEFAULTS = { adventure: "0", hits: "0", order: "score", k: "20" };
const EVERY = [...DIALS, ...NUMBERS, ...NAMES, ...FLAGS, "order", "k"];

export function startControls(onChange) {
  for (const name of EVERY) {
    $(name).addEventListener("change", () => { read(); showCount(); onChange(); });
  }
  // A dial that is dragged is heard while it moves.
  for (const name of DIALS) {
    $(name).addEventListener("input", () => { describe(name); read(); onChange(); });
  }
  if (matchMedia("(max-width: 56rem)").matches) {
    for (const id of ["dials", "map-panel"]) $(id).open = false;
  }
}

export function showControls() {
  for (const name of EVERY) {
    const value = state.controls[name] ?? DEFAULTS[name] ?? "";
    if (FLAGS.includes(name)) $(name).checked = Boolean(value);
    else $(name).value = value;
  }
  DIALS.forEach(describe);
  showCount();
}

function read() {
  state.controls = {};
  for (const name of EVERY) {
    const element = $(name);
    const value = FLAGS.includes(name) ? (element.checked ? "1" : "") : element.value.trim();
    const usable = value && value !== DEFAULTS[name] && element.validity.valid;
    if (usable) state.controls[name] = value;
  }
}

function describe(name) {
  const value = Number($(name).value);
  const [low, high] = name === "hits" ? ["hidden gems", "hits"] : ["familiar", "adventurous"];
  const side = value < 0 ? low : high;
  $(name).setAttribute("aria-valuetext", value ? `${Math.round(100 * Math.abs(value))}% ${side}` : "in the middle");
}

function showCount() {
  const number = filtersOn();
  $("filters-on").textContent = number ? `(${number} on)` : "";
}
