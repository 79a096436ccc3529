// node call.js WSDL OPERATION: my.torrent, with npm's `soap`.
const { readFileSync } = require("node:fs");
const soap = require("soap");

const [wsdl, operation] = process.argv.slice(2);

soap
  .createClientAsync(wsdl)
  .then((client) => client[`${operation}Async`]({ torrent: readFileSync("my.torrent").toString("base64") }))
  .then(([answer]) => process.stdout.write(JSON.stringify(answer)));
