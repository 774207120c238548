// What the classifier is: the verdict on its training films, its operating point, its figures.

import { renderCard } from "./card.js";
import { byId, make, withProperties } from "./dom.js";
import { bounds, callText, joined, plural, policyText, reachedText } from "./words.js";

const SHOWN_REASONS = 3, SHOWN_ON_A_PHONE = 1;

/** Write all that stands on the page before a film comes. */
export function showModel(model) {
  const others = model.classes.filter((label) => label !== model.positive);
  const name = joined([model.positive, ...others], "or");
  document.title = `${name} · Hilum`;
  byId("title").textContent = name;
  const films = model.study?.cohort?.n;
  byId("byline").replaceChildren(
    [model.backbone.title, Number.isFinite(films) ? `trained on ${plural(films, "film")}` : "",
      model.created?.slice(0, 10)].filter(Boolean).join(" · "),
  );
  showVerdict(model);
  byId("point-call").textContent = callText(model);
  // Of a network that was chosen, the line to quote holds the figure of choosing it.
  const isQuoted = model.verdict.quote && model.study?.metrics_of_choosing;
  byId("point-reached").textContent = isQuoted ? "What it reached stands above, in the line to quote." : reachedText(model);
  showAbout(model);
}

/** Show the verdict in the server's words: what is quoted, what comes next, then the reasons. */
function showVerdict({ verdict }) {
  const box = byId("verdict");
  box.classList.add(verdict.headline);
  byId("verdict-title").textContent = verdict.title;
  byId("verdict-text").textContent = verdict.text;
  byId("verdict-text").hidden = !verdict.text;
  showQuote(verdict.quote);
  byId("verdict-elsewhere").replaceChildren(make("strong", { text: "Elsewhere." }), ` ${verdict.elsewhere}`);
  byId("verdict-elsewhere").hidden = !verdict.elsewhere;
  byId("verdict-next").hidden = !verdict.next_steps.length;
  byId("verdict-next").querySelector("ol").replaceChildren(
    ...verdict.next_steps.map((text) => make("li", {}, ...ticked(text))));
  byId("verdict-confirmed").replaceChildren(...verdict.confirmed.map((text) =>
    make("p", {}, make("strong", { text: "Confirmed." }), ` ${text}`)));
  const cautions = verdict.cautions.map((text) => `Not counted: ${text}`);
  const items = [...verdict.reasons, ...cautions].map((text) => make("li", { text }));
  const most = matchMedia("(max-width: 46rem)").matches ? SHOWN_ON_A_PHONE : SHOWN_REASONS;
  const shown = items.length > most + 1 ? most : items.length;
  byId("verdict-reasons").replaceChildren(...items.slice(0, shown));
  byId("verdict-why").hidden = byId("verdict-reasons").hidden = !items.length;
  const more = byId("verdict-more");
  more.hidden = shown === items.length;
  more.querySelector("summary").textContent = `${plural(items.length - shown, "more reason")}`;
  more.querySelector("ul").replaceChildren(...items.slice(shown));
  byId("verdict-looked").hidden = !verdict.looked.length;
  byId("verdict-looked").querySelector("div").replaceChildren(
    ...verdict.looked.map((text) => make("p", { text })));
  box.hidden = false;
}

/** Show as code what stands between backticks. */
const ticked = (text) => text.split("`").map((part, k) => (k % 2 ? make("code", { text: part }) : part));

function showQuote(line) {
  byId("verdict-quote").hidden = !line;
  byId("quote").textContent = line;
  const button = byId("quote-copy");
  button.hidden = !navigator.clipboard;
  button.onclick = async () => {
    try {
      await navigator.clipboard.writeText(line);
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(byId("quote"));
      button.textContent = "Marked";
    }
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  };
}

function showAbout(model) {
  const isWithheld = model.verdict.headline === "withheld";
  const about = byId("about");
  about.classList.toggle("withheld", isWithheld);
  const notice = byId("about-withheld");
  notice.hidden = !isWithheld;
  notice.replaceChildren(make("strong", { text: "Withheld." }),
    ` These figures must not be quoted as the ability to recognise ${model.positive}; they stand here for inspection only.`);
  const { sensitivity, specificity } = model.operating_point;
  const figures = [
    ["Sensitivity", sensitivity], ["Specificity", specificity], ["AUROC", model.study?.metrics?.auroc],
  ].filter(([, figure]) => Number.isFinite(figure?.value));
  byId("about-figures").replaceChildren(...figures.map(drawFigure));
  byId("about-brackets").textContent = figures.length
    ? "On films that the classifier had not seen; brackets and bars hold the 95 % interval, on a scale from 0 to 1." : "";
  byId("about-list").replaceChildren(...listFacts(model).map(([term, text]) =>
    make("div", {}, make("dt", { text: term }), make("dd", { text }))));
  byId("card").hidden = !model.card;
  byId("card").querySelector(".card").replaceChildren(renderCard(model.card ?? ""));
  about.hidden = false;
}

function drawFigure([title, figure]) {
  const whisker = withProperties(make("span", { class: "whisker", "aria-hidden": "true" }), {
    "--value": figure.value, "--low": figure.low ?? figure.value, "--high": figure.high ?? figure.value,
  });
  return make("div", {}, make("dt", { text: title }), make("dd", {},
    figure.value.toFixed(2), " ", make("small", { text: bounds(figure) }), whisker));
}

function listFacts(model) {
  const { cohort } = model.study ?? {};
  const counts = Object.entries(cohort?.per_class ?? {}).map(([label, n]) => `${n.toLocaleString("en-US")} ${label}`);
  const patients = cohort && (Number.isFinite(cohort.patients) ? plural(cohort.patients, "patient") : "patients unknown");
  return [
    ["Operating point", `${callText(model)} ${policyText(model)}`],
    ["Probabilities", `Calibrated for films mixed as in the training cohort: where ${model.positive} is rarer, they are too high.`],
    ["Domain guard", "A film that lies far from every training film is refused: no class is called."],
    ["Trained on", [joined(counts), patients].filter(Boolean).join("; ")],
    ["Network", `${model.backbone.title}, frozen; it sees films at ${model.backbone.size_px} × ${model.backbone.size_px} px`],
  ].filter(([, text]) => text);
}
