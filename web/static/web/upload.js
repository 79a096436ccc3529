// Sends dropped and chosen files one by one, a few at a time, and tells what became of each.

import { refresh } from "./count.js";

const AT_ONCE = 3;
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

const form = document.getElementById("upload");
const input = document.getElementById("files");
const progress = document.getElementById("progress");
const summary = document.getElementById("summary");
const announcement = document.getElementById("announcement");
const results = document.getElementById("results");
const key = document.getElementById("key");
const keyless = document.getElementById("keyless");
const largest = Number(form.dataset.largest);

let early = []; // chosen before there was a key
let waiting = [];
const NOTHING = { files: 0, stored: 0, known: 0, failed: 0, bytes: 0, sent: 0 };
let tally = { ...NOTHING };
let busy = 0;

function add(files) {
  if (key && !key.value.trim()) {
    early.push(...files);
    keyless.textContent = "Storing needs a key. Please enter yours: the files that you chose then follow.";
    key.focus();
    return;
  }
  if (done()) tally = { ...NOTHING };
  for (const file of files) {
    waiting.push(file);
    tally.files += 1;
    tally.bytes += file.size;
  }
  if (done()) return;
  announcement.textContent = `Storing ${plural(tally.files)}.`;
  progress.hidden = results.hidden = false;
  proceed();
}

const done = () => tally.stored + tally.failed === tally.files;

function proceed() {
  while (busy < AT_ONCE && waiting.length) {
    busy += 1;
    send(waiting.shift());
  }
  draw();
}

function send(file) {
  const line = newLine(file);
  if (file.size > largest) {
    tally.sent += file.size;
    settle(line, "", `Larger than the ${largest.toLocaleString("en")} bytes that this archive takes.`);
    return;
  }
  const request = new XMLHttpRequest();
  const body = new FormData();
  body.append("torrent", file);
  let sent = 0;
  const count = (bytes) => {
    tally.sent += bytes - sent;
    sent = bytes;
    draw();
  };
  request.upload.addEventListener("progress", (event) => count(Math.min(event.loaded, file.size)));
  request.addEventListener("loadend", () => {
    count(file.size);
    settle(line, storedAs(request), refusalIn(request), request.getResponseHeader("X-Hashkeep-New") === "no");
  });
  request.open("POST", form.dataset.to);
  if (key) request.setRequestHeader("X-Api-Key", key.value.trim());
  request.send(body);
}

function storedAs(request) {
  const stored = request.getResponseHeader("X-Thetorrent-Result") === "stored";
  return stored ? request.getResponseHeader("X-Thetorrent-Hash") : "";
}

function refusalIn(request) {
  if (!request.status) return "It did not arrive: the file cannot be read, or the connection broke.";
  return request.getResponseHeader("X-Thetorrent-Error") || `The server answered ${request.status}.`;
}

function settle({ item, fate }, infohash, refusal, known) {
  busy -= 1;
  item.className = infohash ? "good" : "bad";
  if (infohash) {
    tally.stored += 1;
    tally.known += known ? 1 : 0;
    const link = document.createElement("a");
    link.href = `/view/${infohash}`;
    link.className = "hash";
    link.textContent = infohash;
    fate.replaceChildren(known ? "was here already: " : "stored: ", link);
  } else {
    tally.failed += 1;
    fate.textContent = refusal;
  }
  proceed();
  if (done()) finish();
}

function finish() {
  announcement.textContent = `Done: ${told()}.`;
  refresh();
}

function draw() {
  progress.value = tally.bytes ? tally.sent / tally.bytes : Number(done());
  summary.textContent = told();
}

function told() {
  const failures = tally.failed ? `, ${tally.failed} refused` : "";
  const known = tally.known ? `, ${tally.known} of them here already` : "";
  return `${tally.stored} of ${tally.files} stored${known}${failures}`;
}

const plural = (count) => `${count} file${count === 1 ? "" : "s"}`;

function newLine(file) {
  const item = document.createElement("li");
  const name = document.createElement("bdi");
  const fate = document.createElement("span");
  name.dir = "auto";
  name.textContent = file.name.replace(INVISIBLE, "\ufffd");
  fate.textContent = "on its way";
  item.append(name, " ", fate);
  results.append(item);
  return { item, fate };
}

async function* within(entry) {
  if (entry.isFile) {
    yield await new Promise((found, failed) => entry.file(found, failed));
    return;
  }
  const reader = entry.createReader();
  const read = () => new Promise((found, failed) => reader.readEntries(found, failed));
  for (let entries = await read(); entries.length; entries = await read()) {
    for (const inner of entries) yield* within(inner);
  }
}

async function addDropped(items) {
  // Both must be asked for before the first pause: afterwards the browser has forgotten what was dropped.
  const dropped = [...items].map((item) => [item.webkitGetAsEntry?.(), item.getAsFile()]);
  const files = [];
  for (const [entry, file] of dropped) {
    if (!entry?.isDirectory) files.push(file);
    else for await (const inner of within(entry)) files.push(inner);
  }
  add(files.filter(Boolean));
}

const carriesFiles = (event) => event.dataTransfer.types.includes("Files");

addEventListener("dragover", (event) => {
  if (!carriesFiles(event)) return;
  event.preventDefault();
  form.classList.add("over");
});
addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) form.classList.remove("over");
});
addEventListener("drop", (event) => {
  if (!carriesFiles(event)) return;
  event.preventDefault();
  form.classList.remove("over");
  addDropped(event.dataTransfer.items);
});
input.addEventListener("change", () => {
  add(input.files);
  input.value = "";
});
form.noValidate = true; // Enter in the field of the key sends no form, and asks for no files
form.addEventListener("submit", (event) => event.preventDefault());
key?.addEventListener("change", () => {
  if (!key.value.trim()) return;
  keyless.textContent = "";
  if (early.length) add(early.splice(0));
});
