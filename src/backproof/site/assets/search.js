// The index shows what fits all words of the query.
"use strict";
(() => {
  const box = document.querySelector(".search");
  const field = box.querySelector("input");
  const count = box.querySelector("output");
  const items = [...document.querySelectorAll(".index li")];
  box.hidden = false;
  const search = () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const item of items) {
      item.hidden = !words.every((word) => item.dataset.words.includes(word));
      shown += item.hidden ? 0 : 1;
    }
    count.textContent = words.length ? `${shown} of ${items.length}` : "";
  };
  field.addEventListener("input", search);
  field.addEventListener("keydown", (event) => {
    const first = items.find((item) => !item.hidden);
    if (event.key === "Enter" && first) first.querySelector("a").click();
  });
  search();
})();
