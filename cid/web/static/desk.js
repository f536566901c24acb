// Nothing here is needed. It keeps a page that only shows things fresh while somebody looks at it, closes the menu, and on a
// phone brings the tab at hand into sight.
"use strict";
const EVERY_MS = 15000;
let timer = 0;

async function refresh() {
  const main = document.querySelector("main[data-fresh]");
  const busy = document.hidden || !main || main.contains(document.activeElement) || String(getSelection());
  if (busy) return;
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" }, redirect: "error" });
    if (!answer.ok) return;
    const there = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("main[data-fresh]");
    if (there && !main.contains(document.activeElement)) main.replaceChildren(...there.childNodes);
    // What was followed is over: the page as it is now has other parts, and nothing is asked any more.
    else if (!there) { clearInterval(timer); location.reload(); }
  } catch {
    // The page stays as it is and says how old its times are when it is loaded again.
  }
}

const fresh = document.querySelector("main[data-fresh]");
// Pages that follow something say how often they are looked at again, in seconds.
if (fresh) timer = setInterval(refresh, Number(fresh.dataset.fresh) * 1000 || EVERY_MS);

for (const row of document.querySelectorAll(".within > div")) {
  const tab = row.querySelector("[aria-current]");
  if (tab) row.scrollLeft = tab.offsetLeft - (row.clientWidth - tab.offsetWidth) / 2;
}

document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.me[open]")) if (!menu.contains(event.target)) menu.open = false;
});
document.addEventListener("keydown", (event) => {
  const menu = document.querySelector("details.me[open]");
  if (event.key !== "Escape" || !menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});
