// Many films: one row each, sortable, opened by a click or by Enter on the name.

import { probabilityBar } from "./bars.js";
import { make } from "./dom.js";
import { beside, callTitle, probabilityText } from "./words.js";

const MOST_CLASS_COLUMNS = 4;

let order = { key: "place", isDown: false };

function columns(model, films = []) {
  const limit = films.find((film) => film.answer)?.answer.distance_limit;
  const shown = model.classes.length > 2 && model.classes.length <= MOST_CLASS_COLUMNS
    ? [model.positive, ...model.classes.filter((label) => label !== model.positive)] : [model.positive];
  return [
    { key: "name", title: "Film", value: (film) => film.name },
    ...shown.map((label) => ({
      key: `probability ${label}`, title: `Probability of ${label}`, label,
      value: (film) => film.answer?.probabilities?.[label],
    })),
    { key: "call", title: "Call", value: (film) => callText(film, model) },
    { key: "distance", title: "Distance", aside: limit && `limit ${limit.toFixed(2)}`, value: (film) => film.answer?.distance },
    { key: "notes", title: "Notes", value: (film) => notesText(film) },
  ];
}

function callText(film, model) {
  if (film.failure) return film.failure.isTransient ? "no answer" : "not read";
  if (!film.answer) return "waiting";
  return film.answer.in_domain ? film.answer.call : "refused";
}

const notesText = (film) => film.failure?.message ?? film.answer?.notes.join(" ") ?? "";

/** Return the films in the order that the reader chose; what has no value comes last. */
export function sorted(films, model) {
  const column = columns(model).find(({ key }) => key === order.key);
  if (!column) return films;
  const filled = (value) => value !== undefined && value !== null && value !== "";
  const sign = order.isDown ? -1 : 1;
  return films.map((film) => [column.value(film), film]).sort(([one], [other]) => {
    if (!filled(one) || !filled(other)) return filled(other) - filled(one);
    if (typeof one === "number") return sign * (one - other);
    return sign * one.localeCompare(other, "en", { numeric: true });
  }).map(([, film]) => film);
}

/** Draw the table anew.
 * @param open is called with the film that the reader wants to see. */
export function drawTable(table, films, model, open) {
  const focused = document.activeElement?.dataset?.key;
  const redraw = () => drawTable(table, films, model, open);
  table.tHead.replaceChildren(make("tr", { role: "row" },
    ...columns(model, films).map((column) => headCell(column, redraw))));
  table.tBodies[0].replaceChildren(...sorted(films, model).map((film) => row(film, model, open)));
  if (focused) table.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
}

function headCell({ key, title, aside }, redraw) {
  const isSorted = order.key === key;
  const direction = order.isDown ? "descending" : "ascending";
  const sort = () => {
    // Numbers are mostly looked at from the largest.
    const startsDown = key === "distance" || key.startsWith("probability");
    order = { key, isDown: isSorted ? !order.isDown : startsDown };
    redraw();
  };
  return make("th", { scope: "col", role: "columnheader", "aria-sort": isSorted ? direction : "none" },
    make("button", { type: "button", class: "sort", "data-key": `sort ${key}`, onclick: sort }, title,
      aside ? make("small", { text: aside }) : null,
      make("span", { class: "arrow", "aria-hidden": "true", text: isSorted ? (order.isDown ? "↓" : "↑") : "" })));
}

function row(film, model, open) {
  const line = make("tr", { role: "row", onclick: () => open(film) });
  const { answer, failure } = film;
  line.classList.toggle("failed", Boolean(failure));
  line.classList.toggle("refused", answer?.in_domain === false);
  line.classList.toggle("positive", answer?.call === model.positive);
  const name = make("button", {
    type: "button", class: "open", "data-key": `film ${film.place}`, text: film.name,
    "aria-label": `${film.name}: ${callTitle(film, model)}`,
  });
  line.append(make("th", { scope: "row", role: "rowheader" }, make("div", {}, thumbnail(film), name)));
  for (const column of columns(model).slice(1)) line.append(cell(column, film, model));
  return line;
}

const blank = () => make("span", { class: "thumb blank", "aria-hidden": "true" });

// Made once, so that drawing anew decodes nothing anew. Many formats only the server can read.
function thumbnail(film) {
  if (film.failure) return blank();
  film.url ??= URL.createObjectURL(film.file);
  film.thumbnail ??= make("img", {
    class: "thumb", src: film.url, alt: "", loading: "lazy", decoding: "async",
    onerror: (event) => { film.thumbnail = blank(); event.target.replaceWith(film.thumbnail); },
  });
  return film.thumbnail;
}

function cell({ key, title, label, value }, film, model) {
  const place = make("td", { role: "cell", "data-label": title, class: key.split(" ")[0] });
  const found = value(film);
  if (label) {
    if (Number.isFinite(found)) {
      const threshold = label === model.positive ? model.operating_point.threshold : undefined;
      const text = threshold === undefined ? probabilityText(found) : beside(found, threshold)[0];
      place.append(make("span", { class: "value", text }), probabilityBar(found, threshold));
    }
  } else if (key === "distance") {
    if (Number.isFinite(found)) place.append(found.toFixed(2));
  } else if (found) {
    place.append(key === "call" ? make("span", { class: "call-word", text: found }) : found);
  }
  return place;
}
