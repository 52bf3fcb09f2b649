// The list, and the songs it is like.

import { $, icon, label, make } from "./dom.js";
import { state } from "./state.js";

export const CHANNELS = {
  playlist: "playlists",
  acoustic: "sound",
  genre_popular: "genre",
  same_artist: "same artist",
  related_artist: "related artist",
  title: "your words",
};

export function showLegend() {
  $("legend").replaceChildren(...Object.entries(CHANNELS).map(([channel, name]) =>
    make("li", {}, make("i", { class: `channel-${channel}` }), name)));
}

export function showTaste(onForget) {
  for (const kind of ["likes", "dislikes"]) {
    $(kind).replaceChildren(...state[kind].map((song) => {
      const forget = make("button", { type: "button", "aria-label": `Remove ${label(song)}`,
        onclick: () => onForget(kind, song) }, "×");
      return make("li", { class: "chip" }, make("span", { title: label(song) }, label(song)), forget);
    }));
  }
  $("likes-row").hidden = !state.likes.length;
  $("dislikes-row").hidden = !state.dislikes.length;
  $("words-row").hidden = !state.words;
  $("taste").hidden = !state.words && !state.likes.length && !state.dislikes.length;
}

// What a question was taken for; a part that is taken out is asked no more.
export function showWords(parts, onForget) {
  const whole = { start: 0, end: state.words.length, text: state.words, kind: "words" };
  $("words").replaceChildren(...(parts.length ? parts : [whole]).map((part) => {
    const name = part.kind.replaceAll("_", " ");
    const title = part.value && part.value !== part.text ? `${name}: ${part.value}` : name;
    const forget = make("button", { type: "button", "aria-label": `Remove ${part.text}`,
      onclick: () => onForget(part) }, "×");
    return make("li", { class: "chip" }, make("span", { title }, part.text), forget);
  }));
}

export function showList(answer, acts) {
  const best = Math.max(...answer.results.map((song) => song.score), 1e-9);
  const liked = new Set(state.likes.map((song) => song.track_id));
  $("list").replaceChildren(...answer.results.map((song) => row(song, best, liked, acts)));
  $("list-title").textContent = answer.results.length
    ? `${answer.results.length} songs` : "Nothing is known to be like that";
}

function row(song, best, liked, acts) {
  const title = song.track_name || song.track_id;
  const by = [song.artist_names.join(", "), song.album_name].filter(Boolean).join(" · ");
  return make("li", { class: "song", "data-track": song.track_id },
    make("span", { class: "rank" }, String(song.rank)),
    make("div", { class: "what" }, make("b", { title }, title), make("div", { class: "by", title: by }, by)),
    bar(song, best),
    make("div", { class: "acts" },
      make("a", { class: "play", href: `https://open.spotify.com/track/${song.track_id}`, target: "_blank",
        rel: "noopener noreferrer", "aria-label": `Play ${title} on Spotify`, title: "Play on Spotify" },
      icon("play")),
      make("button", { class: "like", type: "button", "aria-label": `More like ${title}`, title: "More like this",
        "aria-pressed": String(liked.has(song.track_id)), onclick: () => acts.like(song) }, icon("like")),
      make("button", { class: "dislike", type: "button", "aria-label": `Less like ${title}`,
        title: "Less like this", onclick: () => acts.dislike(song) }, icon("dislike"))),
    make("p", { class: "why" }, song.explanation || ""));
}

function bar(song, best) {
  const words = Object.entries(song.channels).map(([name, value]) =>
    `${CHANNELS[name] || name} ${value.toFixed(2)}`).join(", ");
  const element = make("div", { class: "bar", role: "img", "aria-label": `Score ${song.score.toFixed(2)}: ${words}`,
    title: words });
  for (const [name, value] of Object.entries(song.channels)) {
    const part = make("i", { class: `channel-${name}` });
    part.style.width = `${Math.max(0, 100 * value / best)}%`;
    element.append(part);
  }
  return element;
}
