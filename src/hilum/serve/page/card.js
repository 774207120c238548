// The model card: the little Markdown that Hilum's cards are written in, as elements.
// What is no Markdown of theirs stays text; no link leads anywhere.

import { make } from "./dom.js";

/** Render a card; its front matter is for machines and left out. */
export function renderCard(markdown) {
  const body = markdown.replace(/^---\n[\s\S]*?\n---\n/, "");
  const result = document.createDocumentFragment();
  for (const block of blocksOf(body)) result.append(renderBlock(block));
  return result;
}

// A heading, code between fences, a run of list items, of table rows or of plain lines.
function blocksOf(text) {
  const blocks = [];
  let open = null, isFenced = false;
  for (const line of text.split("\n")) {
    if (line.startsWith("```")) {
      isFenced = !isFenced;
      if (isFenced) blocks.push(open = { kind: "code", lines: [] });
      else open = null;
      continue;
    }
    if (isFenced) { open.lines.push(line); continue; }
    const kind = kindOf(line);
    if (kind === "none") { open = null; continue; }
    const goesOn = open && (open.kind === kind || (kind === "plain" && open.kind === "list")) && kind !== "heading";
    if (!goesOn) blocks.push(open = { kind, lines: [] });
    if (kind === "plain" && open.kind === "list") open.lines[open.lines.length - 1] += ` ${line.trim()}`;
    else open.lines.push(line);
  }
  return blocks;
}

function kindOf(line) {
  if (!line.trim()) return "none";
  if (/^#{1,6} /.test(line)) return "heading";
  if (/^\s*[-*] /.test(line)) return "list";
  return line.startsWith("|") ? "table" : "plain";
}

function renderBlock({ kind, lines }) {
  if (kind === "heading") {
    const [, marks, title] = /^(#+) (.*)$/.exec(lines[0]);
    // The page has the first level, and the section around the card the second.
    return make(`h${Math.min(6, Math.max(3, marks.length + 1))}`, {}, ...inline(title));
  }
  if (kind === "list") {
    return make("ul", {}, ...lines.map((line) => make("li", {}, ...inline(line.replace(/^\s*[-*] /, "")))));
  }
  if (kind === "table") return renderTable(lines);
  if (kind === "code") {
    const code = make("code", { text: lines.join("\n") });
    return make("pre", { role: "region", "aria-label": "Code", tabindex: "0" }, code);
  }
  return make("p", {}, ...inline(lines.join(" ")));
}

function renderTable(lines) {
  const rows = lines.map((line) => line.trim().replace(/^\||\|$/g, "").split(/(?<!\\)\|/).map((cell) => cell.trim()));
  const hasHead = rows.length > 1 && rows[1].every((cell) => /^:?-+:?$/.test(cell));
  const draw = (cells, tag) => make("tr", {}, ...cells.map((cell) =>
    make(tag, tag === "th" ? { scope: "col" } : {}, ...inline(cell))));
  const body = make("tbody", {}, ...rows.slice(hasHead ? 2 : 0).map((cells) => draw(cells, "td")));
  const table = make("table", {}, hasHead ? make("thead", {}, draw(rows[0], "th")) : null, body);
  return make("div", { class: "scroll", role: "region", "aria-label": "Table", tabindex: "0" }, table);
}

// Bold, code and escaped signs.
function inline(text) {
  return text.split(/(\*\*.+?\*\*|`[^`]+`)/).filter(Boolean).map((part) => {
    if (part.startsWith("**")) return make("strong", {}, ...inline(part.slice(2, -2)));
    if (/^`.+`$/.test(part)) return make("code", { text: part.slice(1, -1) });
    return part.replace(/\\([\\`*_{}[\]()#+\-.!|<>~&])/g, "$1");
  });
}
