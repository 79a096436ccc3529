// Keeps the number of stored torrents true while somebody looks at the page.

const USUAL = 2000; // milliseconds between two looks
const LONGEST = 60000; // while the server does not answer

const shown = document.getElementById("count");
const figures = new Intl.NumberFormat("en");
let pause = USUAL;
let timer = 0;

export async function refresh() {
  clearTimeout(timer);
  if (document.hidden) return;
  try {
    const answer = await fetch("/api/v1/stats", { cache: "no-store", signal: AbortSignal.timeout(10000) });
    if (!answer.ok) throw new Error(answer.statusText);
    show((await answer.json()).torrents);
    pause = USUAL;
  } catch {
    pause = Math.min(2 * pause, LONGEST);
  }
  clearTimeout(timer);
  timer = setTimeout(refresh, pause);
}

function show(count) {
  const text = figures.format(count).replaceAll(",", "\u202f");
  if (shown.textContent === text) return;
  shown.textContent = text;
  shown.classList.remove("changed");
  requestAnimationFrame(() => requestAnimationFrame(() => shown.classList.add("changed")));
}

document.addEventListener("visibilitychange", refresh);
window.addEventListener("pageshow", refresh);
