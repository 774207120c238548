"use strict";
// What a call means at the prevalence that the slider stands at. Numbers in, numbers out:
// the odds come from the page and move with the odds of the prevalence, as in the table.

const LOWEST = 0.001, HIGHEST = 0.5;

function prevalenceOfStep(step, steps) {
  return Number((LOWEST * (HIGHEST / LOWEST) ** (step / steps)).toExponential(1));
}

function moved(odds, ratio) {
  return odds.map((one) => 1 / (1 + 1 / (one * ratio)));
}

function predictiveValues(prevalence, odds) {
  const ratio = prevalence / (1 - prevalence);
  return { ppv: moved(odds.ppv, ratio), npv: moved(odds.npv, 1 / ratio) };
}

function countFilms(prevalence, sensitivity, specificity) {
  const films = prevalence >= 0.1 ? 1000 : prevalence >= 0.01 ? 10000 : 100000;
  const positives = Math.round(films * prevalence);
  const found = Math.round(sensitivity * positives);
  const alarms = Math.round((1 - specificity) * (films - positives));
  return { films, positives, found, alarms, calls: found + alarms };
}

function finePercents(...shares) {
  const distances = shares.map((share) => 100 * Math.min(share, 1 - share));
  const needed = distances.map((d) => (d > 0 ? Math.ceil(-Math.log10(d)) : 1));
  const digits = Math.min(Math.max(1, ...needed), 6);
  return shares.map((share) => (100 * share).toFixed(digits));
}

function prevalenceText(prevalence) {
  return Number((100 * prevalence).toPrecision(prevalence >= 0.1 ? 3 : 2)) + " %";
}

function start(box) {
  const range = box.querySelector("input");
  const numbers = (text) => text.split(" ").map(Number);
  const odds = { ppv: numbers(box.dataset.ppv), npv: numbers(box.dataset.npv) };
  const sensitivity = Number(box.dataset.sensitivity), specificity = Number(box.dataset.specificity);

  function write(part, text) {
    for (const place of box.querySelectorAll(`[data-part="${part}"]`)) place.textContent = text;
  }

  function show() {
    const prevalence = prevalenceOfStep(Number(range.value), Number(range.max));
    const text = prevalenceText(prevalence);
    write("prevalence", text);
    const right = {};
    for (const [name, [low, value, high]] of Object.entries(predictiveValues(prevalence, odds))) {
      const isKnown = Number.isFinite(value), isBounded = isKnown && Number.isFinite(low + high);
      right[name] = isKnown ? `${finePercents(value)} %` : "not defined";
      write(name, right[name]);
      write(`${name}-interval`, isBounded ? `[${finePercents(low, high).join(", ")}]` : "");
      const bar = box.querySelector(`[data-bar="${name}"]`);
      bar.hidden = !isBounded;
      bar.style.setProperty("--low", low);
      bar.style.setProperty("--value", value);
      bar.style.setProperty("--high", high);
    }
    // All that is read out loud: nothing else on the page announces its changes.
    range.setAttribute(
      "aria-valuetext",
      `${text}; called, right in ${right.ppv}; not called, right in ${right.npv}`,
    );
    const counts = countFilms(prevalence, sensitivity, specificity);
    for (const [name, count] of Object.entries(counts)) write(name, count.toLocaleString("en-US"));
  }

  range.addEventListener("input", show);
  show(); // a browser may have kept the slider where the reader left it
  box.hidden = false;
}

for (const box of document.querySelectorAll("[data-ppv]")) start(box);
