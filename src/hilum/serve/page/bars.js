// Bars of probability and distance. The sentence beside each says the same.

import { make, withProperties } from "./dom.js";
import { beside, probabilityText } from "./words.js";

/** Draw a probability from 0 to 1, with the operating point where there is one. */
export function probabilityBar(value, threshold) {
  const bar = make("span", { class: "bar", "aria-hidden": "true" }, make("span", { class: "fill" }));
  withProperties(bar, { "--value": value });
  if (threshold !== undefined) {
    bar.append(make("span", { class: "mark" }));
    withProperties(bar, { "--mark": threshold });
  }
  return bar;
}

/** Draw the answer's probabilities: the positive class with its operating point, then the
 * others where there are several. */
export function probabilityPanel(answer, model, kind = "panel") {
  const { threshold } = model.operating_point;
  const value = answer.probabilities[model.positive];
  const [text, point] = beside(value, threshold);
  const panel = make("div", { class: kind },
    make("p", { class: "figure" }, make("strong", { text }), ` probability of ${model.positive}`),
    probabilityBar(value, threshold),
    scale(threshold, `operating point ${point}`));
  if (model.classes.length === 2) return panel;
  const others = model.classes.filter((label) => label !== model.positive)
    .sort((one, other) => answer.probabilities[other] - answer.probabilities[one]);
  panel.append(make("ul", { class: "others" }, ...others.map((label) => make("li", {},
    make("span", { text: label }), make("b", { text: probabilityText(answer.probabilities[label]) }),
    probabilityBar(answer.probabilities[label])))));
  return panel;
}

/** Draw how far a film lies from the training films, with the guard's limit. */
export function distancePanel(answer) {
  const { distance, distance_limit: limit } = answer;
  const end = 1.15 * Math.max(distance, limit);
  const bar = make("span", { class: "bar distance", "aria-hidden": "true" },
    make("span", { class: "fill" }), make("span", { class: "mark" }));
  withProperties(bar, { "--value": distance / end, "--mark": limit / end });
  const digits = distance.toFixed(2) === limit.toFixed(2) ? 4 : 2;
  return make("div", { class: "panel" },
    make("p", { class: "figure" }, make("strong", { text: distance.toFixed(digits) }), " distance from the training films"),
    bar, scale(limit / end, `limit ${limit.toFixed(digits)}`, ["0", ""]));
}

function scale(at, text, ends = ["0", "1"]) {
  const label = make("span", { class: "at", text });
  label.classList.toggle("late", at > 0.6);
  const line = make("div", { class: "scale", "aria-hidden": "true" },
    make("span", { text: at > 0.06 ? ends[0] : "" }), label, make("span", { class: "end", text: at < 0.94 ? ends[1] : "" }));
  return withProperties(line, { "--mark": at });
}

