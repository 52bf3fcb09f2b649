// Playlists in and out.

import { post, postRaw } from "./api.js";
import { $, make, say } from "./dom.js";
import { MAX_SEEDS, path, question, toAddress } from "./state.js";

const AT_ONCE = 100;
const LINK = /spotify:track:[0-9A-Za-z]{22}|open\.spotify\.com\/(?:[\w-]+\/)?track\/[0-9A-Za-z]{22}/;

export function startTransfer(onSongs) {
  $("import").addEventListener("click", () => {
    $("import-status").textContent = "";
    $("import-missing").replaceChildren();
    $("import-dialog").showModal();
  });
  $("import-go").addEventListener("click", async () => {
    $("import-go").disabled = true;
    try {
      const done = await take($("pasted").value, onSongs);
      if (done) $("import-dialog").close();
    } catch (error) {
      $("import-status").textContent = error.message;
    } finally {
      $("import-go").disabled = false;
    }
  });
  for (const button of document.querySelectorAll("[data-format]")) {
    button.addEventListener("click", () => save(button.dataset.format).catch((error) => say(error.message, true)));
  }
  $("share").addEventListener("click", async () => {
    const address = `${location.origin}/#${toAddress()}`;
    try {
      await navigator.clipboard.writeText(address);
      say("The link to this list is in the clipboard.");
    } catch {
      say(`The link to this list: ${address}`);
    }
  });
}

// Lines that stand for songs: of plain text, M3U, CSV with links, or JSPF.
export function lines(text) {
  try {
    const tracks = JSON.parse(text).playlist.track;
    return tracks.map((track) => [track.identifier].flat().find((id) => LINK.test(id))
      || `${track.title} - ${track.creator}`);
  } catch {
    // No JSPF.
  }
  return text.split(/\r?\n/)
    .map((line) => line.match(LINK)?.[0] || line.replace(/^\s*\d{1,4}[.)]\s+/, "").trim())
    .filter((line) => line && !line.startsWith("#"))
    .map((line) => line.slice(0, 500));
}

async function take(text, onSongs) {
  const wanted = lines(text);
  const songs = new Map();
  const missing = [];
  for (let at = 0; at < wanted.length; at += AT_ONCE) {
    $("import-status").textContent = `Looking up ${at + 1} to ${Math.min(at + AT_ONCE, wanted.length)} of ${wanted.length}…`;
    const answer = await post("/v1/resolve", { lines: wanted.slice(at, at + AT_ONCE) });
    for (const line of answer.lines) {
      for (const song of line.songs) songs.set(song.track_id, song);
      if (!line.songs.length) missing.push(line);
    }
  }
  if (songs.size) onSongs([...songs.values()].slice(0, MAX_SEEDS));
  const kept = songs.size > MAX_SEEDS ? `, the first ${MAX_SEEDS} are used` : "";
  const summary = `${songs.size} songs found${kept}` + (missing.length ? `, ${missing.length} not` : "");
  $("import-status").textContent = `${summary}.`;
  $("import-missing").replaceChildren(...missing.map((line) => make("li", {},
    line.line + (line.did_you_mean.length ? ` (did you mean ${line.did_you_mean[0]}?)` : ""))));
  return songs.size > 0 && !missing.length;
}

async function save(format) {
  const answer = await postRaw(path(), { ...question(), format });
  const address = URL.createObjectURL(await answer.blob());
  const link = make("a", { href: address, download: `embeat.${format}` });
  link.click();
  URL.revokeObjectURL(address);
  say(`Saved as embeat.${format}.`);
}
