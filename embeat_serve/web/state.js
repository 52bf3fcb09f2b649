// What was chosen, and how it is written into the address.

export const DIALS = ["adventure", "hits"];
export const NUMBERS = ["year_min", "year_max", "tempo_min", "tempo_max"];
export const NAMES = ["genres", "without_genres", "without_artists", "languages"];
export const FLAGS = ["clean", "instrumental", "same_language"];
export const MAX_SEEDS = 100;
const MAX_WORDS = 500;

export const state = {
  words: "", // a question; beside songs it is the title of the list
  asTitle: false, // words without songs are the title of a list, not a question
  likes: [], // {track_id, track_name, artist_names}
  dislikes: [],
  controls: {}, // what differs from the defaults, as text
};

export function toAddress() {
  const parts = new URLSearchParams();
  if (state.words) parts.set("q", state.words);
  if (state.words && state.asTitle) parts.set("as", "title");
  for (const song of state.likes) parts.append("track", song.track_id);
  for (const song of state.dislikes) parts.append("dislike", song.track_id);
  for (const [name, value] of Object.entries(state.controls)) parts.set(name, value);
  return parts.toString();
}

export function fromAddress(text) {
  const parts = new URLSearchParams(text);
  const songs = (name) => [...new Set(parts.getAll(name))].slice(0, MAX_SEEDS).map(unnamed);
  state.words = (parts.get("q") || "").slice(0, MAX_WORDS);
  state.asTitle = parts.get("as") === "title";
  state.likes = songs("track");
  state.dislikes = songs("dislike");
  state.controls = {};
  for (const name of [...DIALS, ...NUMBERS, ...NAMES, ...FLAGS, "order", "k"]) {
    if (parts.get(name)) state.controls[name] = parts.get(name);
  }
}

export function path() {
  return state.likes.length || state.asTitle ? "/v1/recommend" : "/v1/ask";
}

// What is asked of the server there.
export function question() {
  const { controls } = state;
  const options = {};
  for (const name of DIALS) if (controls[name]) options[name] = Number(controls[name]);
  if (controls.order) options.order = controls.order;
  const filters = {};
  for (const name of NUMBERS) if (controls[name]) filters[name] = Number(controls[name]);
  for (const name of NAMES) if (controls[name]) filters[name] = listed(controls[name]);
  if (controls.clean) filters.explicit = false;
  if (controls.instrumental) filters.instrumental = true;
  if (controls.same_language) filters.same_language = true;
  const asked = { dislikes: state.dislikes.map((song) => song.track_id), explain: true, options, filters };
  if (path() === "/v1/ask") {
    return { ...asked, text: state.words, ...(controls.k ? { k: Number(controls.k) } : {}) };
  }
  return {
    ...asked,
    ...(state.likes.length ? { track_ids: state.likes.map((song) => song.track_id) } : {}),
    ...(state.words ? { title: state.words } : {}),
    k: Number(controls.k || 20),
  };
}

export function filtersOn() {
  return [...NUMBERS, ...NAMES, ...FLAGS].filter((name) => state.controls[name]).length;
}

function listed(text) {
  return text.split(",").map((name) => name.trim()).filter(Boolean);
}

function unnamed(track_id) {
  return { track_id, track_name: null, artist_names: [] };
}
