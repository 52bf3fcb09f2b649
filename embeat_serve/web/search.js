// The search box: completes while typing (ARIA combobox with a list).

import { get } from "./api.js";
import { $, make, say } from "./dom.js";

const WAIT = 80; // ms without a key until it is worth asking
const input = $("search");
const offers = $("offers");
let timer, asked, shown, active = -1;

export function startSearch(onSong, onArtist, onWords) {
  const choose = (option) => {
    clearTimeout(timer);
    asked?.abort();
    close();
    input.value = "";
    const acts = { song: onSong, artist: onArtist, words: onWords };
    acts[option.dataset.kind](option.choice);
  };
  input.addEventListener("input", (event) => {
    // Letters that an input method is about to turn into characters mean nothing yet.
    if (event.isComposing && /^[\x00-\x7f]*$/.test(event.data || "")) return;
    clearTimeout(timer);
    timer = setTimeout(ask, WAIT);
  });
  input.addEventListener("compositionend", () => { clearTimeout(timer); timer = setTimeout(ask, WAIT); });
  input.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const options = all();
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (!options.length) return ask();
      event.preventDefault();
      const step = event.key === "ArrowDown" ? 1 : -1;
      const from = step < 0 ? Math.max(active, 0) : active; // up from none is the last one
      mark((from + step + options.length) % options.length);
    } else if (event.key === "Enter" && input.value.trim()) {
      event.preventDefault();
      choose(options[active] ?? completion() ?? inWords(input.value.trim()));
    } else if (event.key === "Escape") {
      close();
    }
  });
  input.addEventListener("focus", () => { if (input.value && offers.childElementCount) open(); });
  input.addEventListener("blur", () => setTimeout(close, 150));
  offers.addEventListener("pointerdown", (event) => event.preventDefault());
  offers.addEventListener("click", (event) => {
    const option = event.target.closest("[role=option]");
    if (option) choose(option);
  });
}

async function ask() {
  const q = input.value;
  asked?.abort();
  if (!q.trim()) return close();
  asked = new AbortController();
  try {
    show(await get("/v1/search", { q, limit: 6 }, asked.signal), q);
  } catch (error) {
    if (error.name !== "AbortError") say(error.message, true);
  }
}

function show(found, typed) {
  offers.replaceChildren();
  active = -1;
  shown = typed;
  const song = (each) => option(each.track_name || each.track_id, each.artist_names.join(", "), each, "song");
  const artist = (each) => option(each.artist_name, each.genres.slice(0, 2).join(", "), each, "artist");
  const words = typed.trim();
  const artists = found.artists.slice(0, 4).map(artist);
  const songs = found.songs.map(song);
  // A name typed to its end comes first, be it a song's or an artist's.
  const same = (text) => text && text.toLowerCase() === typed.trim().toLowerCase();
  const groups = [group("Songs", songs), group("Artists", artists)];
  if (same(found.artists[0]?.artist_name) && !same(found.songs[0]?.track_name)) groups.reverse();
  offers.append(...groups.filter(Boolean));
  const isEmpty = !all().length;
  offers.append(group("In words", [inWords(words)]));
  all().forEach((each, place) => { each.id = `offer-${place}`; });
  open();
  if (isEmpty) {
    const meant = found.did_you_mean.join(", ");
    return say(meant ? `Nothing begins like that. Did you mean ${meant}?` : "");
  }
  say("");
}

// The first offer that the text is the beginning of; what merely resembles it is none, and
// neither are offers for an earlier text.
function completion() {
  if (offers.hidden || shown !== input.value) return undefined;
  return all().find((each) => each.dataset.kind !== "words" && folded(each.named).startsWith(folded(shown)));
}

function inWords(words) {
  return option(`“${words}”`, "ask for it in words", words, "words");
}

// Without accents and capitals.
function folded(text) {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase().trim();
}

function group(name, options) {
  if (!options.length) return null;
  const title = make("span", { "aria-hidden": "true" }, name);
  return make("div", { role: "group", "aria-label": name }, title, ...options);
}

function option(title, more, choice, kind) {
  const element = make("div", { role: "option", "aria-selected": "false" }, make("b", {}, title));
  if (more) element.append(make("small", {}, more));
  element.dataset.kind = kind;
  element.choice = choice;
  element.named = kind === "song" ? `${title} ${more}` : title;
  return element;
}

function all() {
  return [...offers.querySelectorAll("[role=option]")];
}

function mark(place) {
  active = place;
  all().forEach((option, at) => option.setAttribute("aria-selected", String(at === place)));
  input.setAttribute("aria-activedescendant", `offer-${place}`);
  all()[place].scrollIntoView({ block: "nearest" });
}

function open() {
  offers.hidden = false;
  input.setAttribute("aria-expanded", "true");
}

function close() {
  offers.hidden = true;
  active = -1;
  input.setAttribute("aria-expanded", "false");
  input.removeAttribute("aria-activedescendant");
}
