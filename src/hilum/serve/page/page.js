// The page of `hilum serve`: takes films in, asks for answers, shows one film or all of them.
// Films and their names live in this tab and nowhere else.

import { prepareAnswer, showFilm } from "./answer.js";
import { explain, portions, predict, sendable } from "./asking.js";
import { csvText, download } from "./csv.js";
import { announce, bringTo, byId } from "./dom.js";
import { listen } from "./intake.js";
import { showModel } from "./model.js";
import { ask, reader } from "./server.js";
import { drawTable, sorted } from "./table.js";
import { answerText, nameText, plural, reminderText, summaryText } from "./words.js";

const KEPT_PICTURES = 24; // films whose heat-maps stay in memory

let model = null;
let films = [];
let opened = null;
let label = null;
let working = null; // the batch under way, to be stopped
let queue = Promise.resolve(); // batches come one after another
let places = 0;

async function start() {
  byId("trouble").hidden = true;
  try {
    model = await ask("v1/model");
  } catch (problem) {
    byId("byline").textContent = "";
    return showTrouble(problem);
  }
  label = model.positive;
  showModel(model);
  prepareAnswer(model, (chosen) => { label = chosen; answer(opened); });
  byId("intake").hidden = false;
  listen(take);
}

function showTrouble(problem) {
  byId("trouble-what").textContent = problem.message;
  byId("trouble-fix").textContent = problem.fix ?? "";
  byId("trouble").hidden = false;
}

async function take(files) {
  const fresh = files.map((file) => ({ file, name: nameText(file.name) || "pasted picture", place: (places += 1) }));
  films.push(...fresh);
  if (fresh.length === 1) return open(fresh[0]);
  showAll();
  return work(fresh);
}

function work(lot) {
  queue = queue.catch(() => {}).then(() => workNow(lot));
  return queue;
}

async function workNow(lot) {
  const kept = lot.filter((film) => films.includes(film)); // the others were cleared meanwhile
  if (!kept.length) return;
  working = new AbortController();
  try {
    await work.run(sendable(kept, model.limits), kept.length, working.signal);
  } finally {
    working = null;
  }
  if (!films.length) return;
  drawBatch();
  announce(summaryText(films, model));
}

work.run = async (lot, count, signal) => {
  byId("progress").hidden = false;
  let done = count - lot.length;
  try {
    for (const portion of portions(lot, model.limits)) {
      tellProgress(done, portion.length, count);
      await predict(portion, signal);
      done += portion.length;
      drawBatch();
      if (portion.every((film) => film.failure?.isTransient)) break; // the rest would fare no better
    }
  } catch (stopped) {
    if (stopped.name !== "AbortError") throw stopped;
  } finally {
    byId("progress").hidden = true;
    for (const film of lot) if (!film.answer) film.failure ??= notAsked();
  }
};

const notAsked = () => ({
  code: "NOT_ASKED", message: "Not sent yet.", fix: "Try again to send it.", isTransient: true,
});

function tellProgress(done, now, count) {
  const last = Math.min(done + now, count);
  byId("progress-text").textContent = count > 1
    ? `Reading films ${done + 1} to ${last} of ${count.toLocaleString("en-US")}` : "Reading the film";
  byId("progress-bar").value = done / count;
}

function tellWaiting(seconds, isBusy) {
  const why = isBusy ? "The server has much to do" : "The server does not answer";
  const text = `${why}; asking again in ${plural(Math.ceil(seconds), "second")}`;
  if (working) byId("progress-text").textContent = text;
  announce(text);
}

function open(film) {
  opened = film;
  showOpened();
  bringTo(byId("answer-title"));
  return answer(film);
}

async function answer(film) {
  const isExplained = film.explained?.label === label || film.unexplained;
  if (film.failure && !film.failure.isTransient) return announce(film.failure.message);
  if (!isExplained && sendable([film], model.limits).length) await look(film);
  if (opened === film) showOpened();
  return tell(film);
}

async function look(film, options = {}) {
  film.failure = undefined;
  await explain(film, label, { showRefused: Boolean(film.isShownAnyway), ...options });
  forgetPictures(film);
}

function forgetPictures(latest) {
  const held = films.filter((film) => film.explained && film !== latest);
  held.sort((one, other) => one.seen - other.seen);
  for (const film of held.slice(0, Math.max(0, held.length - KEPT_PICTURES + 1))) film.explained = undefined;
  latest.seen = performance.now();
}

function tell(film) {
  if (opened !== film) return;
  announce(film.failure ? `${film.failure.message} ${film.failure.fix}` : answerText(film.answer, model));
}

function showOpened() {
  const film = opened, all = sorted(films, model), place = all.indexOf(film);
  showFilm(film, model, {
    showAnyway: async () => {
      film.isShownAnyway = true;
      await look(film);
      if (opened === film) { showOpened(); bringTo(byId("answer-title")); }
    },
    tryAgain: () => open(film),
  });
  byId("batch").hidden = true;
  byId("answer").hidden = false;
  byId("walk-place").textContent = `${place + 1} of ${all.length}`;
  byId("walk").hidden = all.length < 2;
  byId("walk-previous").disabled = place === 0;
  byId("walk-next").disabled = place === all.length - 1;
}

function step(by) {
  const all = sorted(films, model);
  const film = all[all.indexOf(opened) + by];
  if (film) open(film);
}

function showAll() {
  const before = opened;
  opened = null;
  byId("answer").hidden = true;
  drawBatch();
  const name = before && document.querySelector(`[data-key="film ${before.place}"]`);
  if (!name) return bringTo(byId("batch-title"));
  name.scrollIntoView({ block: "center" });
  return name.focus({ preventScroll: true });
}

function drawBatch() {
  const isShown = films.length > 0 && !opened;
  byId("batch").hidden = !isShown;
  if (!isShown) return;
  byId("batch").setAttribute("aria-busy", String(films.some((film) => !film.answer && !film.failure)));
  byId("batch-title").textContent = summaryText(films, model);
  byId("batch-reminder").hidden = !reminderText(model);
  byId("batch-reminder").textContent = reminderText(model);
  byId("batch-reminder").className = `reminder ${model.verdict.headline}`;
  byId("batch-again").hidden = Boolean(working) || !films.some((film) => film.failure?.isTransient);
  drawTable(document.querySelector("#batch table"), films, model, open);
}

function again() {
  const lot = films.filter((film) => film.failure?.isTransient);
  for (const film of lot) film.failure = undefined;
  drawBatch();
  work(lot);
}

function clear() {
  working?.abort();
  for (const film of films) if (film.url) URL.revokeObjectURL(film.url);
  films = [];
  opened = null;
  byId("batch").hidden = byId("answer").hidden = true;
  announce("All films are forgotten.");
  bringTo(byId("intake"));
}

let asking = null;

/** Ask the reader for the token; who asks meanwhile waits for the same answer. */
function askForToken(isWrong) {
  asking ??= showTokenForm(isWrong).finally(() => { asking = null; });
  return asking;
}

function showTokenForm(isWrong) {
  const form = byId("token-form"), field = byId("token-field"), hidden = [];
  for (const section of document.querySelectorAll("main > section:not([hidden])")) hidden.push(section);
  for (const section of hidden) section.hidden = true;
  byId("token").hidden = false;
  if (!model) byId("byline").textContent = "";
  if (isWrong) byId("token-said").textContent = "That is not the server’s token. Please check it.";
  field.value = "";
  field.setAttribute("aria-invalid", String(isWrong));
  field.focus();
  return new Promise((resolve) => {
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      byId("token").hidden = true;
      for (const section of hidden) section.hidden = false;
      resolve(field.value.trim());
      field.value = "";
    }, { once: true });
  });
}

Object.assign(reader, { askForToken, tellWaiting });
byId("trouble-again").addEventListener("click", start);
byId("walk-all").addEventListener("click", showAll);
byId("walk-previous").addEventListener("click", () => step(-1));
byId("walk-next").addEventListener("click", () => step(1));
byId("batch-again").addEventListener("click", again);
byId("batch-clear").addEventListener("click", clear);
byId("batch-csv").addEventListener("click", () => download(csvText(sorted(films, model), model), "hilum-films.csv"));
byId("progress-stop").addEventListener("click", () => working?.abort());
start();
