// How films come in: dropped (folders too), chosen or pasted.

import { byId } from "./dom.js";

/** Hand every lot of files that comes in to `take`. */
export function listen(take) {
  const chooser = byId("files");
  chooser.addEventListener("change", () => {
    const files = [...chooser.files];
    chooser.value = ""; // the same film may be chosen again
    if (files.length) take(files);
  });
  document.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (!files.length) return;
    event.preventDefault();
    take(files);
  });
  listenToDrops(take);
}

function listenToDrops(take) {
  let depth = 0; // a drag enters and leaves every element on its way
  const mark = (isOver) => document.body.classList.toggle("dropping", isOver);
  const holdsFiles = (event) => event.dataTransfer?.types.includes("Files");
  document.addEventListener("dragenter", (event) => {
    if (!holdsFiles(event)) return;
    depth += 1;
    mark(true);
  });
  document.addEventListener("dragleave", () => {
    depth = Math.max(0, depth - 1);
    if (!depth) mark(false);
  });
  document.addEventListener("dragover", (event) => {
    if (!holdsFiles(event)) return;
    event.preventDefault(); // else the browser opens the film in place of the page
    event.dataTransfer.dropEffect = "copy";
  });
  document.addEventListener("drop", async (event) => {
    depth = 0;
    mark(false);
    if (!holdsFiles(event)) return;
    event.preventDefault();
    const files = await filesOf(event.dataTransfer);
    if (files.length) take(files);
  });
}

async function filesOf(transfer) {
  const items = [...transfer.items].filter((item) => item.kind === "file");
  // All entries first: after the first wait, the transfer is empty.
  const entries = items.map((item) => item.webkitGetAsEntry?.() ?? null);
  if (!entries.some((entry) => entry?.isDirectory)) return [...transfer.files];
  return (await Promise.all(entries.filter(Boolean).map(filesUnder))).flat();
}

async function filesUnder(entry) {
  try {
    if (entry.isFile) {
      const isHidden = entry.name.startsWith(".");
      return isHidden ? [] : [await new Promise((resolve, reject) => entry.file(resolve, reject))];
    }
    const reader = entry.createReader(), children = [];
    for (;;) {
      const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
      if (!some.length) break; // it gives a hundred at a time
      children.push(...some);
    }
    children.sort((one, other) => one.name.localeCompare(other.name, "en", { numeric: true }));
    return (await Promise.all(children.map(filesUnder))).flat();
  } catch {
    return []; // gone, or not ours to read
  }
}
