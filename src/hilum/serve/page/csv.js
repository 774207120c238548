// The table as CSV, made in the browser: file names never leave it.

// A spreadsheet takes a cell that begins like this for a formula.
const FORMULA = /^[=+\-@\t\r]/;

function cell(value) {
  if (value === null || value === undefined) return "";
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  const text = FORMULA.test(value) ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Write one row per film, in the order given. */
export function csvText(films, model) {
  const header = [
    "film", "call", ...model.classes.map((label) => `probability_${label}`), "operating_point",
    "in_domain", "distance", "distance_limit", "notes", "code", "message",
  ];
  const rows = films.map(({ name, answer, failure }) => [
    name, answer?.call, ...model.classes.map((label) => answer?.probabilities?.[label]),
    model.operating_point.threshold, answer?.in_domain, answer?.distance, answer?.distance_limit,
    answer?.notes.join(" "), failure?.code, failure?.message,
  ]);
  return [header, ...rows].map((row) => `${row.map(cell).join(",")}\r\n`).join("");
}

/** Hand a text to the reader as a file. */
export function download(text, name) {
  const url = URL.createObjectURL(new Blob([text], { type: "text/csv;charset=utf-8" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
