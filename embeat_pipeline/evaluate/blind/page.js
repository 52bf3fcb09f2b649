"use strict";
// Answers are kept under the test's name, so that another test in this browser has its own.
const main = document.querySelector("main");
const store = `blind-test-${main.dataset.test}`;
const sections = [...document.querySelectorAll(".pair")];
const judge = document.getElementById("judge");
const status = document.getElementById("status");
const state = { judge: "", at: 0, pairs: {} };

function load() {
  try {
    Object.assign(state, JSON.parse(localStorage.getItem(store)) || {});
  } catch {
    // A browser that keeps nothing, or a damaged record: the judge starts anew.
  }
  judge.value = state.judge;
  for (const section of sections) {
    const { better, unfit = {} } = state.pairs[section.dataset.pair] || {};
    for (const radio of section.querySelectorAll("[type=radio]")) {
      radio.checked = radio.value === better;
    }
    for (const box of section.querySelectorAll("[type=checkbox]")) {
      box.checked = (unfit[box.dataset.side] || []).includes(Number(box.value));
    }
  }
  show(Math.min(state.at, sections.length - 1));
}

function keep() {
  try {
    localStorage.setItem(store, JSON.stringify(state));
  } catch {
    // Saving the file still works.
  }
}

function answer(section) {
  const chosen = section.querySelector("[type=radio]:checked");
  const unfit = { A: [], B: [] };
  for (const box of section.querySelectorAll("[type=checkbox]:checked")) {
    unfit[box.dataset.side].push(Number(box.value));
  }
  state.pairs[section.dataset.pair] = { better: chosen && chosen.value, unfit };
  keep();
  report();
}

function rated(section) {
  return Boolean((state.pairs[section.dataset.pair] || {}).better);
}

function report(text = "") {
  const count = sections.filter(rated).length;
  document.getElementById("progress").value = count;
  status.textContent = `${text}${count} of ${sections.length} pairs rated`;
}

function show(at, focus = false) {
  state.at = (at + sections.length) % sections.length;
  sections.forEach((section, index) => { section.hidden = index !== state.at; });
  if (focus) sections[state.at].querySelector("h2").focus();
  keep();
  report();
}

function showUnrated() {
  const order = sections.map((_, step) => (state.at + 1 + step) % sections.length);
  const next = order.find((index) => !rated(sections[index]));
  if (next === undefined) report("Nothing is left: ");
  else show(next, true);
}

function choose(value) {
  sections[state.at].querySelector(`[type=radio][value=${value}]`).checked = true;
  answer(sections[state.at]);
}

function save() {
  if (!judge.value.trim()) {
    judge.value = "";
    judge.reportValidity();
    report("Say who judges: ");
    return;
  }
  const verdicts = sections.filter(rated).map((section) => {
    const pair = section.dataset.pair;
    return { pair, ...state.pairs[pair] };
  });
  const content = { test: main.dataset.test, judge: judge.value.trim(), verdicts };
  const file = new Blob([JSON.stringify(content, null, 2)], { type: "application/json" });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = "verdicts.json";
  link.click();
  // The browser reads the file after this turn.
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  report("Saved: ");
}

const keys = {
  a: () => choose("A"),
  b: () => choose("B"),
  e: () => choose("equal"),
  n: () => show(state.at + 1, true),
  p: () => show(state.at - 1, true),
  u: showUnrated,
};

document.addEventListener("keydown", (event) => {
  const action = keys[event.key.toLowerCase()];
  if (!action || event.target === judge || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  action();
});
document.addEventListener("change", (event) => {
  const section = event.target.closest(".pair");
  if (section) answer(section);
});
judge.addEventListener("input", () => {
  state.judge = judge.value;
  keep();
});
document.getElementById("previous").addEventListener("click", () => show(state.at - 1, true));
document.getElementById("next").addEventListener("click", () => show(state.at + 1, true));
document.getElementById("unrated").addEventListener("click", showUnrated);
document.getElementById("save").addEventListener("click", save);
load();
