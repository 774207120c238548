// Asking the server: the token, waiting where it has too much to do, and what it refuses.

const TOKEN = "hilum-token";
const BUSY = new Set([429, 503]);
const MOST_TRIES = 6, TRIES_WITHOUT_A_SERVER = 3, LONGEST_WAIT_SECONDS = 30;

let token = readToken();

/** What the server, or the way to it, said instead of an answer. */
export class Problem extends Error {
  constructor({ status = 0, code, detail, fix = "" }) {
    super(detail);
    Object.assign(this, { status, code, fix });
  }

  /** Whether asking again may help; the film is not at fault. */
  get isTransient() {
    return this.status === 0 || this.status >= 500 || this.status === 408 || this.status === 429;
  }
}

/** Who asks the reader for the token, and who is told of waiting; set by the page. */
export const reader = { askForToken: async () => "", tellWaiting: () => {} };

/** Ask, and return the JSON of the answer.
 * Throws a Problem, or an AbortError if `signal` stopped it. */
export async function ask(path, { body, signal } = {}) {
  for (let attempt = 1; ; attempt += 1) {
    const sent = token;
    const answer = await send(path, body, signal);
    if (answer?.ok) return answer.json();
    if (answer?.status === 401) {
      attempt = 0;
      if (sent === token) keepToken(await reader.askForToken(sent !== ""));
    } else if (mayTryAgain(answer, attempt)) {
      const seconds = waitSeconds(answer, attempt);
      reader.tellWaiting(seconds, Boolean(answer));
      await pause(seconds, signal);
    } else {
      throw await problemOf(answer);
    }
  }
}

function mayTryAgain(answer, attempt) {
  if (!answer) return attempt < TRIES_WITHOUT_A_SERVER;
  return BUSY.has(answer.status) && attempt < MOST_TRIES;
}

async function send(path, body, signal) {
  // No header may hold other signs, and no token has any: what is mistyped is answered by 401.
  const headers = token ? { Authorization: `Bearer ${token.replace(/[^\x21-\x7e]/g, "?")}` } : {};
  try {
    return await fetch(path, { method: body ? "POST" : "GET", body, headers, signal, cache: "no-store" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    return null; // no way to the server
  }
}

function waitSeconds(answer, attempt) {
  const told = Number(answer?.headers.get("Retry-After"));
  const seconds = Number.isFinite(told) && told > 0 ? told : 0.5 * 2 ** (attempt - 1);
  return Math.min(seconds, LONGEST_WAIT_SECONDS);
}

function pause(seconds, signal) {
  return new Promise((resolve, reject) => {
    const stop = () => { clearTimeout(timer); reject(new DOMException("stopped", "AbortError")); };
    const timer = setTimeout(() => { signal?.removeEventListener("abort", stop); resolve(); }, 1000 * seconds);
    signal?.addEventListener("abort", stop, { once: true });
    if (signal?.aborted) stop();
  });
}

async function problemOf(answer) {
  if (!answer) {
    return new Problem({
      code: "NO_SERVER",
      detail: "The server does not answer.",
      fix: "Check that it still runs and that this computer reaches it, then try again.",
    });
  }
  try {
    const told = await answer.json();
    return new Problem({ ...told, detail: told.detail ?? told.title, status: answer.status });
  } catch {
    return new Problem({
      status: answer.status, code: `HTTP_${answer.status}`,
      detail: `The server answered with status ${answer.status}.`, fix: "Try again in a moment.",
    });
  }
}

function readToken() {
  try {
    return sessionStorage.getItem(TOKEN) ?? "";
  } catch {
    return ""; // a browser that keeps nothing
  }
}

function keepToken(given) {
  token = given;
  try {
    sessionStorage.setItem(TOKEN, given);
  } catch {
    // It lives in this page alone, then.
  }
}
