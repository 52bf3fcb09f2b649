// Small helpers. Text always goes in as text: titles are other people's.

export const $ = (id) => document.getElementById(id);

export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== null && value !== false) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

const SHAPES = {
  play: "M8 5.5v13l10.5-6.5z",
  like: "M12 20s-7.5-4.6-7.5-10.2A4.2 4.2 0 0 1 12 7.2a4.2 4.2 0 0 1 7.5 2.6C19.500 15.400 12 20 12 20z",
  dislike: "M6 6l12 12M18 6L6 18",
};

export function icon(name) {
  const space = "http://www.w3.org/2000/svg";
  const image = document.createElementNS(space, "svg");
  image.setAttribute("viewBox", "0 0 24 24");
  image.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(space, "path");
  path.setAttribute("d", SHAPES[name]);
  image.append(path);
  return image;
}

export function label(song) {
  const artists = song.artist_names.join(", ");
  const title = song.track_name || song.track_id;
  return artists ? `${title} – ${artists}` : title;
}

export function answeredFrom(release) {
  $("release").textContent = release;
  $("answered").hidden = false;
}

export function say(text, bad = false) {
  $("status").textContent = text;
  $("status").classList.toggle("bad", bad);
}
