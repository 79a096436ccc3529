// npm magnet-to-torrent as its README uses it, with one more cache in front: node magnet_to_torrent.js URL MAGNET
// The caches it knows are dead; name look-ups are refused here, so that a failure asks nobody else.
require('dns').lookup = (host, options, done) => (done || options)(new Error(`${host} is not asked in tests`));

const magnetToTorrent = require('magnet-to-torrent');
const [url, magnet] = process.argv.slice(2);

magnetToTorrent.addService((hash) => `${url}/torrent/${hash}.torrent`, true);
magnetToTorrent.getLink(magnet).then(
  (link) => console.log(link),
  (error) => { console.error(error.message); process.exitCode = 1; },
);
