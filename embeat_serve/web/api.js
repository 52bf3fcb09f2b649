// Asks the server, and nobody else.

const KEY = "embeat-key";

export class Problem extends Error {
  constructor(status, content, retryAfter) {
    super(content.detail || content.title || `status ${status}`);
    this.status = status;
    this.suggestions = content.suggestions || [];
    this.retryAfter = Number(retryAfter) || 0;
  }

  // Too many at once, or away for a moment: it comes back by itself.
  get passing() {
    return [0, 429, 503].includes(this.status);
  }

  // Milliseconds until it is worth trying again, for the nth time.
  pause(attempt) {
    return 1000 * Math.min(30, this.retryAfter || 2 ** attempt);
  }
}

export async function get(path, params = {}, signal) {
  const query = new URLSearchParams(params);
  return (await send(`${path}?${query}`, { signal })).json();
}

export async function post(path, body, signal) {
  return (await postRaw(path, body, signal)).json();
}

export function postRaw(path, body, signal) {
  return send(path, {
    method: "POST",
    signal,
    body: JSON.stringify(body),
    headers: { "content-type": "application/json" },
  });
}

async function send(path, request) {
  const key = sessionStorage.getItem(KEY);
  const headers = { ...request.headers, ...(key ? { "x-api-key": key } : {}) };
  const answer = await fetch(path, { ...request, headers }).catch((error) => {
    if (error.name === "AbortError") throw error;
    throw new Problem(0, { detail: "The server does not answer. This page tries again by itself." });
  });
  if (answer.status === 401) {
    await askForKey();
    return send(path, request);
  }
  if (!answer.ok) {
    const content = await answer.json().catch(() => ({}));
    throw new Problem(answer.status, content, answer.headers.get("retry-after"));
  }
  return answer;
}

let asking = null;

function askForKey() {
  const dialog = document.getElementById("key-dialog");
  asking ??= new Promise((done) => {
    dialog.addEventListener("close", () => {
      sessionStorage.setItem(KEY, document.getElementById("key").value);
      asking = null;
      done();
    }, { once: true });
    dialog.showModal();
  });
  return asking;
}
