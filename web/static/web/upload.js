// Uploads dropped and chosen files, a request for each and three at a time, and shows the outcome of each.

import { refreshCount } from "./count.js";

const PARALLEL = 3;
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

const form = document.getElementById("upload");
const input = document.getElementById("files");
const progressBar = document.getElementById("progress");
const summary = document.getElementById("summary");
const announcement = document.getElementById("announcement");
const results = document.getElementById("results");
const key = document.getElementById("key");
const keyMessage = document.getElementById("keyless");
const maxBytes = Number(form.dataset.largest);

let withoutKey = []; // files chosen before a key was entered
let queue = [];
const EMPTY_TOTALS = { files: 0, stored: 0, known: 0, failed: 0, bytes: 0, sent: 0 };
let totals = { ...EMPTY_TOTALS };
let running = 0;

function addFiles(files) {
  if (key && !key.value.trim()) {
    withoutKey.push(...files);
    keyMessage.textContent = "Storing needs a key. Please enter yours: the files that you chose then follow.";
    key.focus();
    return;
  }
  if (isDone()) totals = { ...EMPTY_TOTALS };
  for (const file of files) {
    queue.push(file);
    totals.files += 1;
    totals.bytes += file.size;
  }
  if (isDone()) return;
  announcement.textContent = `Storing ${plural(totals.files)}.`;
  progressBar.hidden = results.hidden = false;
  startRequests();
}

const isDone = () => totals.stored + totals.failed === totals.files;

function startRequests() {
  while (running < PARALLEL && queue.length) {
    running += 1;
    sendFile(queue.shift());
  }
  showProgress();
}

function sendFile(file) {
  const line = addResultLine(file);
  if (file.size > maxBytes) {
    totals.sent += file.size;
    showOutcome(line, "", `Larger than the ${maxBytes.toLocaleString("en")} bytes that this archive takes.`);
    return;
  }
  const request = new XMLHttpRequest();
  const body = new FormData();
  body.append("torrent", file);
  let sent = 0;
  const countSent = (bytes) => {
    totals.sent += bytes - sent;
    sent = bytes;
    showProgress();
  };
  request.upload.addEventListener("progress", (event) => countSent(Math.min(event.loaded, file.size)));
  request.addEventListener("loadend", () => {
    countSent(file.size);
    showOutcome(line, storedInfohash(request), refusalText(request), request.getResponseHeader("X-Hashkeep-New") === "no");
  });
  request.open("POST", form.dataset.to);
  if (key) request.setRequestHeader("X-Api-Key", key.value.trim());
  request.send(body);
}

function storedInfohash(request) {
  const stored = request.getResponseHeader("X-Thetorrent-Result") === "stored";
  return stored ? request.getResponseHeader("X-Thetorrent-Hash") : "";
}

function refusalText(request) {
  if (!request.status) return "It did not arrive: the file cannot be read, or the connection broke.";
  return request.getResponseHeader("X-Thetorrent-Error") || `The server answered ${request.status}.`;
}

function showOutcome({ item, outcome }, infohash, refusal, known) {
  running -= 1;
  item.className = infohash ? "good" : "bad";
  if (infohash) {
    totals.stored += 1;
    totals.known += known ? 1 : 0;
    const link = document.createElement("a");
    link.href = `/view/${infohash}`;
    link.className = "hash";
    link.textContent = infohash;
    outcome.replaceChildren(known ? "was here already: " : "stored: ", link);
  } else {
    totals.failed += 1;
    outcome.textContent = refusal;
  }
  startRequests();
  if (isDone()) finish();
}

function finish() {
  announcement.textContent = `Done: ${summaryText()}.`;
  refreshCount();
}

function showProgress() {
  progressBar.value = totals.bytes ? totals.sent / totals.bytes : Number(isDone());
  summary.textContent = summaryText();
}

function summaryText() {
  const failures = totals.failed ? `, ${totals.failed} refused` : "";
  const known = totals.known ? `, ${totals.known} of them here already` : "";
  return `${totals.stored} of ${totals.files} stored${known}${failures}`;
}

const plural = (count) => `${count} file${count === 1 ? "" : "s"}`;

function addResultLine(file) {
  const item = document.createElement("li");
  const name = document.createElement("bdi");
  const outcome = document.createElement("span");
  name.dir = "auto";
  name.textContent = file.name.replace(INVISIBLE, "\ufffd");
  outcome.textContent = "on its way";
  item.append(name, " ", outcome);
  results.append(item);
  return { item, outcome };
}

async function* filesWithin(entry) {
  if (entry.isFile) {
    yield await new Promise((resolve, reject) => entry.file(resolve, reject));
    return;
  }
  const reader = entry.createReader();
  const read = () => new Promise((resolve, reject) => reader.readEntries(resolve, reject));
  for (let entries = await read(); entries.length; entries = await read()) {
    for (const inner of entries) yield* filesWithin(inner);
  }
}

async function addDropped(items) {
  // Both must be read before the first await: the browser clears the dropped items after the event.
  const dropped = [...items].map((item) => [item.webkitGetAsEntry?.(), item.getAsFile()]);
  const files = [];
  for (const [entry, file] of dropped) {
    if (!entry?.isDirectory) files.push(file);
    else for await (const inner of filesWithin(entry)) files.push(inner);
  }
  addFiles(files.filter(Boolean));
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
  addFiles(input.files);
  input.value = "";
});
form.noValidate = true; // Enter in the key field neither submits the form nor demands a file
form.addEventListener("submit", (event) => event.preventDefault());
key?.addEventListener("change", () => {
  if (!key.value.trim()) return;
  keyMessage.textContent = "";
  if (withoutKey.length) addFiles(withoutKey.splice(0));
});
