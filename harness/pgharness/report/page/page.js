// What the page can do beyond what it shows without any script: open what a link leads to, copy fixes, arrow keys in the grid.
(() => {
  "use strict";
  const open = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    for (let one = target; one; one = one.parentElement) if (one.tagName === "DETAILS") one.open = true;
    target.scrollIntoView();
  };
  addEventListener("hashchange", open);
  if (location.hash) open();

  // What is copied is code alone, and shown. Where nothing may be copied for the reader, it is marked, so that one key copies it.
  const copy = async (fix) => {
    fix.hidden = false;
    getSelection().selectAllChildren(fix);
    try { await navigator.clipboard.writeText(fix.textContent); return true; } catch { return document.execCommand("copy"); }
  };
  for (const button of document.querySelectorAll("button.copy")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      button.textContent = (await copy(button.parentElement.querySelector("pre:last-of-type"))) ? "Copied" : "Press Ctrl+C";
      setTimeout(() => { button.textContent = "Copy"; }, 1500);
    });
  }

  const rows = [...document.querySelectorAll("table.matrix tbody tr")].map((row) => [...row.querySelectorAll("a")]);
  rows.flat().forEach((link, at) => { link.tabIndex = at ? -1 : 0; });
  document.querySelector("table.matrix")?.addEventListener("keydown", (event) => {
    const row = rows.findIndex((links) => links.includes(event.target));
    const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    const next = step && row >= 0 && rows[row + step[0]]?.[rows[row].indexOf(event.target) + step[1]];
    if (!next) return;
    event.preventDefault();
    event.target.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  });

  // On paper everything is open.
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = [...document.querySelectorAll("details:not([open])")];
    for (const one of closed) one.open = true;
  });
  addEventListener("afterprint", () => { for (const one of closed) one.open = false; });
})();
