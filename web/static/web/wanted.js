// Polls the state of a wish, and reloads as the torrent's own page once the torrent is held.

const FIRST_INTERVAL = 500; // milliseconds; each interval is 1.2 times the one before
const MAX_INTERVAL = 15000;

const wanted = document.getElementById("wanted");
const attemptsElement = document.getElementById("attempts");
let interval = FIRST_INTERVAL;
let timer = 0;

async function poll() {
  clearTimeout(timer);
  if (document.hidden) return;
  try {
    const response = await fetch(wanted.dataset.status, { cache: "no-store", signal: AbortSignal.timeout(10000) });
    if (response.status >= 500 || response.status === 429) throw new Error(response.statusText);
    const wish = await response.json();
    // Held, given up or taken down: this address then has another page.
    if (wish.state !== "pending") return location.reload();
    showWish(wish);
  } catch {
    interval = MAX_INTERVAL; // the server is away for a while
  }
  timer = setTimeout(poll, interval);
  interval = Math.min(1.2 * interval, MAX_INTERVAL);
}

function showWish({ searching, attempts }) {
  attemptsElement.textContent = attempts;
  for (const section of wanted.querySelectorAll("[data-when]")) {
    section.hidden = (section.dataset.when === "searching") !== searching;
  }
}

document.addEventListener("visibilitychange", poll);
poll();
