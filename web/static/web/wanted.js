// Watches how a wish stands, and shows the torrent's own page as soon as it is held.

const SHORTEST = 500; // milliseconds between two looks
const LONGEST = 15000; // when it has taken long already

const wanted = document.getElementById("wanted");
const attempts = document.getElementById("attempts");
let pause = SHORTEST;
let timer = 0;

async function look() {
  clearTimeout(timer);
  if (document.hidden) return;
  try {
    const answer = await fetch(wanted.dataset.standing, { cache: "no-store", signal: AbortSignal.timeout(10000) });
    if (answer.status >= 500 || answer.status === 429) throw new Error(answer.statusText);
    const standing = await answer.json();
    // Whatever else it may be by now, this same address tells.
    if (standing.state !== "pending") return location.reload();
    show(standing);
  } catch {
    pause = LONGEST; // the server is away; it will be back
  }
  timer = setTimeout(look, pause);
  pause = Math.min(1.2 * pause, LONGEST);
}

function show({ searching, attempts: count }) {
  attempts.textContent = count;
  for (const part of wanted.querySelectorAll("[data-when]")) {
    part.hidden = (part.dataset.when === "searching") !== searching;
  }
}

document.addEventListener("visibilitychange", look);
look();
