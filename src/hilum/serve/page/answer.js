// One film: what is said of it, and where in it the reasons lie.

import { distancePanel, probabilityPanel } from "./bars.js";
import { byId, make } from "./dom.js";
import { callTitle, groundsText, oddsText, reminderText } from "./words.js";

const MOSTLY_OUTSIDE = 0.36; // what the central 60 % of both sides hold of an even map

let opacity = 80;

/** Let the slider move, and hand on which class to show.
 * @param chooseLabel is told of the class whose reasons the reader wants to see. */
export function prepareAnswer(model, chooseLabel) {
  const slider = byId("opacity");
  slider.value = opacity;
  slider.addEventListener("input", () => {
    opacity = Number(slider.value);
    showOpacity();
  });
  showOpacity();
  byId("label-choice").hidden = model.classes.length === 2;
  byId("label").replaceChildren(...model.classes.map((label) => make("option", { value: label, text: label })));
  byId("label").addEventListener("change", (event) => chooseLabel(event.target.value));
}

function showOpacity() {
  byId("heatmap").style.setProperty("opacity", opacity / 100);
  byId("opacity-said").textContent = `${opacity} %`;
  byId("opacity").setAttribute("aria-valuetext", `${opacity} % opaque`);
}

/** Write one film's answer, whatever became of it.
 * @param actions `showAnyway` and `tryAgain`, for the buttons. */
export function showFilm(film, model, actions) {
  const section = byId("answer");
  section.classList.toggle("failed", Boolean(film.failure));
  section.classList.toggle("refused", film.answer?.in_domain === false);
  section.setAttribute("aria-busy", String(!film.failure && !film.answer));
  byId("answer-name").textContent = film.name;
  byId("answer-title").textContent = callTitle(film, model);
  byId("answer-body").replaceChildren(...body(film, model, actions));
  showPictures(film, model);
}

function body(film, model, actions) {
  if (film.failure) return failureParts(film.failure, actions);
  if (!film.answer) return [make("progress", { "aria-label": "Waiting for the answer" })];
  const { answer } = film;
  const parts = answer.in_domain ? calledParts(answer, model) : refusedParts(answer, model, actions);
  if (answer.notes.length) {
    parts.push(make("h3", { text: "While reading the file" }),
      make("ul", { class: "read" }, ...answer.notes.map((note) => make("li", { text: sentence(note) }))));
  }
  if (film.unexplained) parts.push(make("p", { class: "small", text: `No heat-map: ${film.unexplained}` }));
  return parts;
}

const sentence = (note) => note.charAt(0).toUpperCase() + note.slice(1);

function failureParts(failure, { tryAgain }) {
  return [
    make("p", { class: "lead", text: failure.message }),
    make("p", { text: failure.fix }),
    make("p", { class: "small" }, "Code ", make("code", { text: failure.code })),
    failure.isTransient ? make("button", { type: "button", text: "Try again", onclick: tryAgain }) : null,
  ].filter(Boolean);
}

function calledParts(answer, model) {
  const reminder = reminderText(model), odds = oddsText(answer, model);
  return [
    make("p", { class: "lead", text: groundsText(answer, model) }),
    probabilityPanel(answer, model),
    odds ? make("p", { text: odds }) : null,
    reminder ? make("p", { class: `reminder ${model.verdict.headline}`, text: reminder }) : null,
  ].filter(Boolean);
}

function refusedParts(answer, model, { showAnyway }) {
  const parts = [
    make("p", { class: "lead", text: "No class is called." }),
    distancePanel(answer),
    make("p", { text: "Is it one frontal chest film, upright, uncropped, and no photograph of a screen? Then send it in its original form. If it is all that already, this classifier was not trained for films of its kind." }),
  ];
  if (answer.probabilities) {
    parts.push(make("p", { class: "reminder", text: "Shown on request. For a film like this the number means nothing." }),
      probabilityPanel(answer, model, "panel muted"));
  } else {
    parts.push(make("button", { type: "button", id: "show-anyway", text: "Show the probability anyway", onclick: showAnyway }));
  }
  return parts;
}

function showPictures(film, model) {
  const told = film.failure ? null : film.explained;
  byId("pictures").hidden = !told;
  if (!told) {
    for (const id of ["film", "film-below", "heatmap"]) byId(id).removeAttribute("src");
    return;
  }
  // Outside the domain a heat-map means as little as the probability.
  const hasMap = told.prediction.probabilities !== null;
  byId("film").src = told.film;
  byId("film").alt = "The film";
  byId("laid").hidden = byId("heatmap-controls").hidden = !hasMap;
  byId("pictures").classList.toggle("alone", !hasMap);
  if (!hasMap) {
    for (const id of ["film-below", "heatmap"]) byId(id).removeAttribute("src");
    return;
  }
  byId("film-below").src = told.film;
  byId("heatmap").src = told.heatmap;
  byId("heatmap").alt = `Heat-map over the film: what speaks for and against ${told.label}`;
  byId("heatmap-caption").textContent = `What speaks for or against ${told.label}`;
  byId("legend-for").textContent = `for ${told.label}`;
  byId("legend-against").textContent = "against";
  byId("label").value = told.label;
  byId("share").textContent = shareText(told);
}

// Of a class that is not called, little speaks for it at all, and where that lies says nothing.
function shareText({ share_central: share, label, prediction }) {
  if (!Number.isFinite(share) || prediction.call !== label) return "";
  const said = `${Math.round(100 * share)} % of what speaks for ${label} lies in the central 60 % of the film’s width and height.`;
  return share < MOSTLY_OUTSIDE
    ? `${said} That is less than even spreading would give: the margin of the film speaks louder than its centre.` : said;
}
