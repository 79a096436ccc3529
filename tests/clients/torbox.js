// echo '[["torrents", "createTorrent", {"file": "base64…"}], …]' | node torbox.js URL KEY
// Makes these calls of npm's @torbox/torbox-api, and prints what each returned or threw.
const { readFileSync } = require("node:fs");
const { TorboxApi } = require("@torbox/torbox-api");

const [baseUrl, token] = process.argv.slice(2);
const sdk = new TorboxApi({ token, baseUrl });

async function outcome([service, method, given]) {
  if (given.file) given.file = Uint8Array.from(Buffer.from(given.file, "base64")).buffer;
  try {
    return { data: (await sdk[service][method]("v1", given)).data };
  } catch (error) {
    return { thrown: error.message, status: error.metadata?.status, error: error.error, detail: error.detail };
  }
}

async function main() {
  const outcomes = [];
  for (const call of JSON.parse(readFileSync(0, "utf8"))) outcomes.push(await outcome(call));
  process.stdout.write(JSON.stringify(outcomes));
}

main();
