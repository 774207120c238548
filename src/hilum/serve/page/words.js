// Numbers and sentences. Answers in, text out: nothing here knows of the page.

const SIGNS = { less: "<", more: ">" };
export const WORDS = { less: "less than", more: "more than" };

/** Write a probability; never as a certainty.
 * @param bounds how to say that it lies beyond what so many digits can tell. */
export function probabilityText(value, digits = 2, bounds = SIGNS) {
  const least = 10 ** -digits;
  if (value < least / 2) return `${bounds.less} ${least.toFixed(digits)}`;
  if (value > 1 - least / 2) return `${bounds.more} ${(1 - least).toFixed(digits)}`;
  return value.toFixed(digits);
}

/** Write a probability and the operating point with as many digits as tell them apart. */
export function beside(probability, threshold, bounds = SIGNS) {
  let digits = 2;
  while (digits < 5 && probabilityText(probability, digits) === threshold.toFixed(digits)) digits += 1;
  return [probabilityText(probability, digits, bounds), pointText(threshold, digits)];
}

/** Write the operating point. */
export function pointText(threshold, digits = 2) {
  return threshold.toFixed(threshold < 0.01 || threshold > 0.99 ? Math.max(digits, 4) : digits);
}

export function joined(names, last = "and") {
  if (names.length < 2) return names.join("");
  return `${names.slice(0, -1).join(", ")} ${last} ${names.at(-1)}`;
}

export function plural(count, one, many = `${one}s`) {
  return `${count.toLocaleString("en-US")} ${count === 1 ? one : many}`;
}

/** Write a share as people count. */
export function ofHundred(share) {
  const rounded = Math.round(100 * share);
  if (rounded === 100 && share < 1) return "more than 99 of 100";
  if (rounded === 0 && share > 0) return "fewer than 1 of 100";
  return `${rounded} of 100`;
}

export function bounds(figure) {
  const isBounded = Number.isFinite(figure.low) && Number.isFinite(figure.high);
  return isBounded ? `[${figure.low.toFixed(2)}, ${figure.high.toFixed(2)}]` : "";
}

function withInterval(name, figure) {
  return `${name} ${figure.value.toFixed(2)} ${bounds(figure)}`.trim();
}

/** Say from where on a film is called positive. */
export function callText(model) {
  const point = pointText(model.operating_point.threshold);
  const rule = `A film is called ${model.positive} at a probability of ${point} or more`;
  if (model.classes.length === 2) return `${rule}.`;
  return `${rule}; where the heads waver between the other classes, it takes more.`;
}

/** Say what the operating point reached on films that the heads had not seen; empty if unknown. */
export function reachedText(model) {
  const { sensitivity, specificity } = model.operating_point;
  const parts = [];
  if (Number.isFinite(sensitivity?.value)) {
    parts.push(`it found ${ofHundred(sensitivity.value)} ${model.positive} films `
      + `(${withInterval("sensitivity", sensitivity)})`);
  }
  if (Number.isFinite(specificity?.value)) {
    parts.push(`called ${ofHundred(specificity.value)} others not ${model.positive} `
      + `(${withInterval("specificity", specificity)})`);
  }
  return parts.length ? `On films that it had not seen, ${parts.join(" and ")}.` : "";
}

export function policyText(model) {
  const { kind, target } = model.operating_point.policy ?? {};
  const others = model.classes.length > 2 ? "the other classes" : "the others";
  if (kind === "sensitivity") return `Chosen to find at least ${ofHundred(target)} ${model.positive} films.`;
  if (kind === "specificity") return `Chosen to leave at least ${ofHundred(target)} of ${others} alone.`;
  return "Chosen where sensitivity and specificity together are largest (Youden).";
}

/** Say an answer in a few words, as a heading. */
export function callTitle(film, model) {
  if (film.failure) return film.failure.isTransient ? "No answer yet" : "This film could not be read";
  if (!film.answer) return "Looking at the film …";
  if (!film.answer.in_domain) return "Not like the training films";
  return `Called ${film.answer.call ?? model.positive}`;
}

/** Say an answer in one sentence. */
export function answerText(answer, model) {
  if (!answer.in_domain) return "Not like the training films: no class is called.";
  if (answer.call !== model.positive || wavers(answer, model)) {
    return `Called ${answer.call}. ${groundsText(answer, model)}`;
  }
  const [value, point] = beside(answer.probabilities[model.positive], model.operating_point.threshold, WORDS);
  return `Called ${answer.call}: ${value}, above the operating point ${point}.`;
}

/** Tell whether the call is another one than the probability shown would give: with three classes
 * or more the heads' mean log-odds decide, and these differ where the heads waver. */
function wavers(answer, model) {
  const reaches = answer.probabilities[model.positive] >= model.operating_point.threshold;
  return model.classes.length > 2 && reaches !== (answer.call === model.positive);
}

/** Say why a class is called. */
export function groundsText(answer, model) {
  if (wavers(answer, model)) {
    const shown = probabilityText(answer.probabilities[model.positive], 2, WORDS);
    const point = pointText(model.operating_point.threshold);
    return `The probability of ${model.positive} is ${shown} and the operating point ${point}, but the ` +
      "heads waver between the other classes, and their mean log-odds decide.";
  }
  const [value, point] = beside(answer.probabilities[model.positive], model.operating_point.threshold, WORDS);
  const side = answer.call === model.positive ? "above" : "below";
  const grounds = `The probability of ${model.positive} is ${value}, ${side} the operating point ${point}.`;
  if (side === "above" || model.classes.length === 2) return grounds;
  const own = probabilityText(answer.probabilities[answer.call], 2, WORDS);
  return `${grounds} Of the others, ${answer.call} is the most probable: ${own}.`;
}

/** Say where the call and the likelier class differ, as an operating point may have it; else empty. */
export function oddsText(answer, model) {
  const value = answer.probabilities[model.positive];
  if (answer.call === model.positive && value < 0.5) {
    return `It is likelier not to be ${model.positive}: the operating point is set low, so that few are missed.`;
  }
  if (answer.call !== model.positive && value > 0.5) {
    return `It is likelier to be ${model.positive}: the operating point is set high, so that few others are called.`;
  }
  return "";
}

/** Count films by what became of them, in one line. */
export function summaryText(films, model) {
  const answered = films.filter((film) => film.answer);
  const called = answered.filter((film) => film.answer.in_domain);
  const positives = called.filter((film) => film.answer.call === model.positive).length;
  const failed = films.filter((film) => film.failure && !film.failure.isTransient).length;
  const waiting = films.length - answered.length - failed;
  const refused = answered.length - called.length;
  const parts = [`${positives} called ${model.positive}`, `${called.length - positives} not`];
  if (refused) parts.push(`${refused} refused`);
  if (failed) parts.push(`${failed} could not be read`);
  if (waiting) parts.push(`${waiting} not answered yet`);
  return `${plural(films.length, "film")}: ${parts.join(", ")}`;
}

/** Say beside an answer what the verdict does to it; empty if nothing. */
export const reminderText = (model) => model.verdict.reminder;

/** Write a file's name so that no sign in it turns round or hides what stands beside it. */
export const nameText = (name) => name.replace(/[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, "\ufffd");

export function bytesText(bytes) {
  return bytes < 1e6 ? `${Math.max(1, Math.round(bytes / 1e3))} kB` : `${Math.round(bytes / 1e6)} MB`;
}
