"use strict";
// Copies the line to quote. Without scripts there is no button: the line can be marked by hand.

for (const button of document.querySelectorAll("button[data-copies]")) {
  const words = button.textContent;
  button.hidden = false;
  button.addEventListener("click", async () => {
    const line = document.getElementById(button.dataset.copies);
    try {
      await navigator.clipboard.writeText(line.textContent.trim());
      button.textContent = "Copied";
    } catch {
      // Some browsers copy from a file only what is marked.
      getSelection().selectAllChildren(line);
      button.textContent = document.execCommand("copy") ? "Copied" : "Marked";
    }
    setTimeout(() => { button.textContent = words; }, 2000);
  });
}
