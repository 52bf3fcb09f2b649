// The page: what is chosen goes into the address, and what the address says is asked for.

import { get, post } from "./api.js";
import { startControls, showControls } from "./controls.js";
import { $, answeredFrom, label, say } from "./dom.js";
import { showLegend, showList, showTaste, showWords } from "./list.js";
import { loadMap, showOnMap, startMap } from "./map.js";
import { startSearch } from "./search.js";
import { MAX_SEEDS, fromAddress, path, question, state, toAddress } from "./state.js";
import { startTransfer } from "./transfer.js";

const WAIT = 120; // ms: a dial that moves asks once
const SEEDS_OF_ARTIST = 5;
let timer, asked;

function change(now = true) {
  showTaste(forget);
  history.replaceState(null, "", `#${toAddress()}`);
  clearTimeout(timer);
  timer = setTimeout(refresh, now ? 0 : WAIT);
}

async function refresh(attempt = 0) {
  asked?.abort();
  const empty = !state.likes.length && !state.words;
  $("welcome").hidden = !empty;
  $("skip").hidden = empty;
  if (empty) {
    $("found").hidden = true;
    document.title = "Embeat";
    return;
  }
  asked = new AbortController();
  $("list").setAttribute("aria-busy", "true");
  try {
    const answer = await post(path(), question(), asked.signal);
    offerTitle(answer.understood?.is_title_too ? state.words : "");
    takeNames(answer);
    name(answer.seeds);
    showWords(answer.understood?.parts || [], forgetWords);
    $("found").hidden = false;
    showTaste(forget);
    showList(answer, { like, dislike });
    answeredFrom(answer.release);
    $("list").removeAttribute("aria-busy");
    const relaxed = answer.relaxed.map((rule) => rule.replaceAll("_", " ")).join(", ");
    const notes = answer.notes.map((note) => `${note[0].toUpperCase()}${note.slice(1)}.`);
    say([...notes, ...(relaxed ? [`To fill the list these gave way: ${relaxed}.`] : [])].join(" "));
    document.title = `${state.likes.length ? label(state.likes[0]) : state.words} · Embeat`;
    map(answer);
  } catch (error) {
    if (error.name === "AbortError") return;
    $("list").removeAttribute("aria-busy");
    say(error.message, true);
    if (error.passing) timer = setTimeout(() => refresh(attempt + 1), error.pause(attempt));
  }
}

// Words that are a name are the songs that it names.
function takeNames(answer) {
  if (!["song", "artist"].includes(answer.understood?.reading)) return;
  state.words = "";
  state.likes = answer.seeds.slice(0, SEEDS_OF_ARTIST);
  history.replaceState(null, "", `#${toAddress()}`);
}

// What is the name of a song may be what playlists are called, too.
function offerTitle(words) {
  $("as-title").hidden = !words;
  $("as-title").textContent = `Songs of playlists called “${words}”`;
  $("as-title").onclick = () => ask(words, true);
}

function forgetWords(part) {
  const left = state.words.slice(0, part.start) + state.words.slice(part.end);
  state.words = left.replace(/^[\s,]+|[\s,]+$/g, "").replace(/\s{2,}/g, " ");
  change();
  $("search").focus();
}

function ask(words, asTitle = false) {
  Object.assign(state, { words, asTitle, likes: [] });
  change();
}

// Seeds that came with the address have no names yet.
function name(seeds) {
  const named = new Map(seeds.map((song) => [song.track_id, song]));
  state.likes = state.likes.map((song) => named.get(song.track_id) || song);
}

const genresOf = new Map();

async function map(answer) {
  for (const song of answer.results) genresOf.set(song.track_id, song.genres);
  const unknown = state.likes.filter((song) => !genresOf.has(song.track_id)).slice(0, 5);
  await Promise.allSettled(unknown.map(async (song) => {
    genresOf.set(song.track_id, (await get(`/v1/songs/${song.track_id}`)).genres);
  }));
  showOnMap(state.likes.map((song) => genresOf.get(song.track_id) || []), answer.results);
}

function like(song) {
  const known = state.likes.some((each) => each.track_id === song.track_id);
  if (known) return forget("likes", song);
  state.dislikes = without(state.dislikes, song);
  add([song]);
  say(`More like ${song.track_name}.`);
}

function dislike(song) {
  const row = document.querySelector(`[data-track="${song.track_id}"]`);
  const next = row?.nextElementSibling || row?.previousElementSibling;
  state.likes = without(state.likes, song);
  state.dislikes = [...without(state.dislikes, song), song].slice(-MAX_SEEDS);
  row?.remove();
  next?.querySelector(".dislike").focus();
  change();
  say(`Less like ${song.track_name}.`);
}

async function fillMap(attempt = 0) {
  try {
    await loadMap();
    if (attempt && !state.likes.length) say("");
  } catch (error) {
    say(error.message, true);
    if (error.passing) setTimeout(() => fillMap(attempt + 1), error.pause(attempt));
  }
}

function forget(kind, song) {
  state[kind] = without(state[kind], song);
  change();
  $("search").focus();
}

function add(songs) {
  const fresh = songs.filter((song) => !state.likes.some((each) => each.track_id === song.track_id));
  state.likes = [...state.likes, ...fresh].slice(-MAX_SEEDS);
  change();
}

function without(songs, song) {
  return songs.filter((each) => each.track_id !== song.track_id);
}

async function addArtist(artist) {
  const link = artist.artist_id && /^[0-9A-Za-z]{22}$/.test(artist.artist_id);
  const reference = link ? `spotify:artist:${artist.artist_id}` : artist.artist_name;
  try {
    const answer = await get("/v1/recommend", { artist: reference, k: 1 });
    add(answer.seeds.slice(0, SEEDS_OF_ARTIST));
  } catch (error) {
    say(error.message, true);
  }
}

async function open() {
  fromAddress(location.hash.slice(1));
  showControls();
  showTaste(forget);
  refresh();
  if (state.dislikes.length) {
    const lines = state.dislikes.map((song) => song.track_id);
    const answer = await post("/v1/resolve", { lines });
    const named = new Map(answer.lines.map((line) => [line.line, line.songs[0]]));
    state.dislikes = state.dislikes.map((song) => named.get(song.track_id) || song);
    showTaste(forget);
  }
}

showLegend();
startSearch((song) => add([song]), addArtist, ask);
startControls(() => change(false));
startTransfer((songs) => { state.likes = songs; change(); });
$("clear").addEventListener("click", () => {
  Object.assign(state, { words: "", asTitle: false, likes: [], dislikes: [], controls: {} });
  showControls();
  change();
  say("");
  $("search").focus();
});
// The fragment of the address holds what was chosen, so nothing may follow a link into it.
$("skip").addEventListener("click", (event) => {
  event.preventDefault();
  $("list").focus();
});
addEventListener("hashchange", open);
startMap();
fillMap();
// Where no keyboard would come up and cover the page.
if (matchMedia("(pointer: fine)").matches && !location.hash) $("search").focus();
open().catch((error) => say(error.message, true));
