// Updates the number of stored torrents on the front page, as long as the page is visible.

const INTERVAL = 2000; // milliseconds
const MAX_INTERVAL = 60000; // while the server does not answer; the interval doubles up to this

const countElement = document.getElementById("count");
const numberFormat = new Intl.NumberFormat("en");
let interval = INTERVAL;
let timer = 0;

export async function refreshCount() {
  clearTimeout(timer);
  if (document.hidden) return;
  try {
    const response = await fetch("/api/v1/stats", { cache: "no-store", signal: AbortSignal.timeout(10000) });
    if (!response.ok) throw new Error(response.statusText);
    showCount((await response.json()).torrents);
    interval = INTERVAL;
  } catch {
    interval = Math.min(2 * interval, MAX_INTERVAL);
  }
  clearTimeout(timer);
  timer = setTimeout(refreshCount, interval);
}

function showCount(count) {
  const text = numberFormat.format(count).replaceAll(",", "\u202f");
  if (countElement.textContent === text) return;
  countElement.textContent = text;
  countElement.classList.remove("changed");
  requestAnimationFrame(() => requestAnimationFrame(() => countElement.classList.add("changed")));
}

document.addEventListener("visibilitychange", refreshCount);
window.addEventListener("pageshow", refreshCount);
