// A button above every text that is there to be copied.
"use strict";
for (const code of document.querySelectorAll("details pre > code")) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "copied";
  button.textContent = "Copy";
  button.addEventListener("click", async () => {
    const range = document.createRange();
    range.selectNodeContents(code);
    const selection = getSelection();
    selection.removeAllRanges();
    selection.addRange(range);
    try {
      await navigator.clipboard.writeText(code.textContent);
    } catch {
      document.execCommand("copy"); // a page from file:// may have no clipboard
    }
    button.textContent = "Copied";
  });
  code.parentElement.before(button);
}
