// Making and finding elements. Text is always set as text: nothing here reads HTML.

export const byId = (id) => document.getElementById(id);

/** Make an element; `class`, `text` and `on…` are taken as expected, the rest as attributes. */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "text") element.textContent = value;
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** Set CSS custom properties: the page's policy admits no style attribute. */
export function withProperties(element, properties) {
  for (const [name, value] of Object.entries(properties)) element.style.setProperty(name, value);
  return element;
}

let saying;

/** Say a sentence to who does not see the page; also if it is the same as before. */
export function announce(text) {
  clearTimeout(saying);
  byId("status").textContent = "";
  saying = setTimeout(() => { byId("status").textContent = text; }, 100);
}

/** Move the reader to an element that just came, with the section around it in view. */
export function bringTo(element) {
  const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  element.focus({ preventScroll: true });
  (element.closest("section") ?? element).scrollIntoView({ behavior: isCalm ? "auto" : "smooth", block: "start" });
}
