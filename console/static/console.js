// Parts of a page that follow what happens, and times in words. Every page works without this script.
"use strict";

const SECONDS = 5;

/** Replaces a live part by what its address answers now; not while the keyboard is inside it, or text is selected. */
async function refresh(part) {
  const selection = document.getSelection();
  const inUse = part.contains(document.activeElement)
    || (selection && !selection.isCollapsed && part.contains(selection.anchorNode));
  if (document.hidden || inUse) return;
  const answer = await fetch(part.dataset.live, { headers: { "X-Fragment": "1" }, redirect: "manual" });
  if (answer.type === "opaqueredirect") {
    window.location.reload(); // signed out
    return;
  }
  if (!answer.ok) return;
  const found = new DOMParser().parseFromString(await answer.text(), "text/html");
  const scrolled = [...part.querySelectorAll(".scroll")].map((box) => box.scrollLeft);
  part.replaceChildren(...found.body.childNodes);
  part.querySelectorAll(".scroll").forEach((box, i) => { box.scrollLeft = scrolled[i] || 0; });
  if (part.querySelector("[data-ended]")) {
    part.removeAttribute("data-live");
  }
}

function follow(part) {
  setTimeout(async () => {
    try {
      await refresh(part);
    } catch {
      // The next attempt is in a moment.
    }
    if (part.dataset.live) follow(part);
  }, (Number(part.dataset.every) || SECONDS) * 1000);
}

document.querySelectorAll("[data-live]").forEach(follow);

// A form that asks before it is sent.
document.addEventListener("submit", (event) => {
  const question = event.target.dataset.confirm;
  if (question && !window.confirm(question)) event.preventDefault();
});
