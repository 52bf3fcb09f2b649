// The genre map: every genre a faint dot, the seeds' and the list's own on top.

import { get } from "./api.js";
import { $, answeredFrom, make } from "./dom.js";

const canvas = $("map");
let places = null; // name -> [x, y], 0..1
let shown = { seeds: new Map(), results: new Map() };

export function startMap() {
  new ResizeObserver(draw).observe(canvas);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  canvas.addEventListener("pointermove", tell);
  canvas.addEventListener("pointerdown", tell);
  canvas.addEventListener("pointerleave", () => describe());
}

export async function loadMap() {
  const { genres, release } = await get("/v1/genres");
  answeredFrom(release);
  const placed = genres.filter((genre) => genre.x !== null && genre.y !== null);
  places = new Map(fitted(placed));
  $("genre-names").replaceChildren(...genres.slice(0, 400).map((genre) => make("option", { value: genre.name })));
  $("map-panel").hidden = !places.size;
  draw();
}

export function showOnMap(seedGenres, results) {
  shown = { seeds: counted(seedGenres), results: counted(results.map((song) => song.genres)) };
  describe();
  draw();
}

function fitted(genres) {
  const [xs, ys] = ["x", "y"].map((axis) => genres.map((genre) => genre[axis]));
  const scale = (value, all) => (value - Math.min(...all)) / (Math.max(...all) - Math.min(...all) || 1);
  const edges = [[Math.min(...xs), Math.max(...xs)], [Math.min(...ys), Math.max(...ys)]];
  return genres.map((genre) => [genre.name, [scale(genre.x, edges[0]), scale(genre.y, edges[1])]]);
}

// The best genre that has a place speaks for a song.
function counted(lists) {
  const counts = new Map();
  for (const genres of lists) {
    const name = genres.find((genre) => !places || places.has(genre));
    if (name) counts.set(name, (counts.get(name) || 0) + 1);
  }
  return counts;
}

function describe(near) {
  const most = [...shown.results].sort((one, other) => other[1] - one[1]);
  const words = most.slice(0, 5).map(([name, number]) => `${name} (${number})`).join(", ");
  const text = words ? `The list is mostly ${words}.` : "No genre is known of these songs.";
  canvas.setAttribute("aria-label", `Genre map. ${text}`);
  $("map-text").textContent = near || text;
}

function tell(event) {
  if (!places) return;
  const box = canvas.getBoundingClientRect();
  const at = [event.clientX - box.left, event.clientY - box.top];
  let best = null, distance = 14;
  for (const [name, place] of places) {
    const [x, y] = onCanvas(place, box.width, box.height);
    // What is on the list is found more easily than what is behind it.
    const apart = Math.hypot(x - at[0], y - at[1]) - (shown.results.has(name) ? 6 : 0);
    if (apart < distance) [best, distance] = [name, apart];
  }
  const number = best && shown.results.get(best);
  describe(best && (number ? `${best}: ${number} of the list` : best));
}

function onCanvas([x, y], width, height) {
  const edge = 12;
  return [edge + x * (width - 2 * edge), edge + y * (height - 2 * edge)];
}

function draw() {
  const { clientWidth: width, clientHeight: height } = canvas;
  if (!places || !width) return;
  const sharp = devicePixelRatio || 1;
  [canvas.width, canvas.height] = [width * sharp, height * sharp];
  const pen = canvas.getContext("2d");
  pen.scale(sharp, sharp);
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`);
  pen.fillStyle = colour("dot");
  for (const place of places.values()) {
    const [x, y] = onCanvas(place, width, height);
    pen.fillRect(x - 0.6, y - 0.6, 1.2, 1.2);
  }
  const disc = (name, radius, fill, ring) => {
    if (!places.has(name)) return;
    const [x, y] = onCanvas(places.get(name), width, height);
    pen.beginPath();
    pen.arc(x, y, radius, 0, 7);
    pen.globalAlpha = 0.85;
    pen.fillStyle = fill;
    pen.fill();
    pen.globalAlpha = 1;
    pen.lineWidth = 1.5;
    pen.strokeStyle = ring;
    pen.stroke();
  };
  for (const [name, number] of shown.results) disc(name, 3 + 2 * Math.sqrt(number), colour("accent"), colour("sheet"));
  for (const name of shown.seeds.keys()) disc(name, 4.5, colour("same_artist"), colour("sheet"));
}
