<?php
$torrent = new CURLFile('my.torrent', 'application/x-bittorrent');
$headers = [];

$request = curl_init('{{ base }}/upload');
curl_setopt_array($request, [
    CURLOPT_POSTFIELDS => ['torrent' => $torrent],
    CURLOPT_RETURNTRANSFER => true,
    CURLOPT_HEADERFUNCTION => function ($request, $line) use (&$headers) {
        [$name, $value] = explode(':', $line, 2) + ['', ''];
        $headers[strtolower($name)] = trim($value);
        return strlen($line);
    },
]);
if (curl_exec($request) === false) {
    fwrite(STDERR, curl_error($request) . "\n");
    exit(1);
}

if ($headers['x-thetorrent-result'] === 'stored') {
    echo $headers['x-thetorrent-hash'], "\n";
} else {
    fwrite(STDERR, $headers['x-thetorrent-error'] . "\n");
    exit(1);
}
