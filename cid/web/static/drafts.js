// Nothing here is needed. Keys move about and never decide; lengths are counted while somebody types; what is typed is kept.
"use strict";
const KEEP_MS = 4000;
const FIELDS = "input, textarea, select, [contenteditable]";

function near(step) {
  const links = [...document.querySelectorAll(".drafts .title a")];
  const at = links.indexOf(document.activeElement);
  const next = links[Math.max(0, Math.min(links.length - 1, at + step))];
  if (next) next.focus();
}

// j and k go along the list; a, r and e put the focus on a button of the page, and pressing it stays somebody's own act.
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest(FIELDS)) return;
  if (event.key === "j") near(1);
  else if (event.key === "k") near(-1);
  else {
    const way = /^[are]$/.test(event.key) && document.querySelector(`[data-key="${event.key}"]`);
    if (way) way.focus();
  }
});

for (const button of document.querySelectorAll("[data-copy]")) {
  if (!navigator.clipboard) continue;
  button.hidden = false;
  button.addEventListener("click", async () => {
    const said = button.textContent;
    try {
      await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
      button.textContent = button.dataset.copied || "Copied";
    } catch {
      button.textContent = "Select the text to copy it";
    }
    setTimeout(() => { button.textContent = said; }, 2500);
  });
}

function counted(text, unit) {
  return unit === "words" ? (text.trim().match(/\S+/g) || []).length : [...text].length;
}

for (const place of document.querySelectorAll("[data-count]")) {
  const field = document.getElementById(place.dataset.count);
  const tell = () => {
    const n = counted(field.value, place.dataset.unit);
    place.textContent = place.dataset.says.replace("0", n);
    place.classList.toggle("off", n < Number(place.dataset.least) || n > Number(place.dataset.most));
  };
  if (field) { field.addEventListener("input", tell); tell(); }
}

const form = document.querySelector("form[data-keep]");
if (form) {
  const told = document.getElementById("kept");
  let waiting = 0;
  const keep = async () => {
    waiting = 0;
    const body = new URLSearchParams(new FormData(form));
    body.set("quiet", "1");
    try {
      const answer = await fetch(form.dataset.keep, { method: "POST", body, redirect: "manual" });
      told.textContent = answer.status === 204 ? told.dataset.kept : told.dataset.lost;
    } catch {
      told.textContent = told.dataset.lost;
    }
  };
  form.addEventListener("input", () => { if (!waiting) waiting = setTimeout(keep, KEEP_MS); });
}
