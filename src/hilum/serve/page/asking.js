// Films to the server and answers back: in portions that it takes, one after another.

import { ask, Problem } from "./server.js";
import { bytesText } from "./words.js";

const FORM_BYTES = 4096; // what a multipart form adds to a film, and more

/** Part films into requests within the server's limits. */
export function portions(films, limits) {
  const parts = [];
  let room = 0;
  for (const film of films) {
    const bytes = film.file.size + FORM_BYTES;
    if (!parts.length || parts.at(-1).length >= limits.files || bytes > room) {
      parts.push([]);
      room = limits.request_bytes;
    }
    parts.at(-1).push(film);
    room -= bytes;
  }
  return parts;
}

/** Say of films that are too large to send that they are; return the others. */
export function sendable(films, limits) {
  return films.filter((film) => {
    if (film.file.size <= limits.file_bytes && film.file.size + FORM_BYTES <= limits.request_bytes) return true;
    film.failure = {
      code: "SIZE",
      message: `The file is larger than the ${bytesText(limits.file_bytes)} that the server takes.`,
      fix: "Export the film as PNG or JPEG.",
    };
    return false;
  });
}

function form(field, films) {
  const body = new FormData();
  // The server needs no name, so it is sent none.
  for (const film of films) body.append(field, film.file, "film");
  return body;
}

export function failureOf(problem) {
  if (!(problem instanceof Problem)) throw problem;
  return {
    code: problem.code, message: problem.message, fix: problem.fix, isTransient: problem.isTransient,
  };
}

/** Ask for one portion; each film then has an `answer` or a `failure`. */
export async function predict(films, signal) {
  try {
    const told = await ask("v1/predict", { body: form("files", films), signal });
    for (const { index, ...answer } of told.films) films[index].answer = answer;
    for (const { index, ...failure } of told.failed) films[index].failure = failure;
  } catch (problem) {
    if (problem.name === "AbortError") throw problem;
    for (const film of films) film.failure = failureOf(problem);
  }
}

/** Ask for one film's answer with its heat-map for a class.
 * The film's `answer` or `failure` is set; `explained` keeps the pictures, where there are any. */
export async function explain(film, label, { showRefused = false, signal } = {}) {
  const query = new URLSearchParams({ label, show_refused: showRefused });
  try {
    const told = await ask(`v1/explain?${query}`, { body: form("file", [film]), signal });
    film.answer = told.prediction;
    film.explained = told;
  } catch (problem) {
    if (problem.name === "AbortError") throw problem;
    if (problem.code === "EXPLANATION") await predictAlone(film, showRefused, problem, signal);
    else film.failure = failureOf(problem);
  }
}

// Some backbones show no feature map; their answers stand without one.
async function predictAlone(film, showRefused, problem, signal) {
  film.unexplained = problem.message;
  try {
    const path = `v1/predict?show_refused=${showRefused}`;
    const { index, ...answer } = (await ask(path, { body: form("files", [film]), signal })).films[0];
    film.answer = answer;
  } catch (failure) {
    if (failure.name === "AbortError") throw failure;
    film.failure = failureOf(failure);
  }
}
