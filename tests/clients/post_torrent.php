<?php
// thetorrent.org's POST sample (pecl_http 1.x), with the two functions of that extension written here as its manual
// describes them: http_parse_headers() gives names back with each word's first letter in upper case.
function http_post_fields($url, $data, $files) {
    $boundary = 'hashkeep' . bin2hex(random_bytes(8));
    $body = '';
    foreach ($files as $file) {
        $body .= "--$boundary\r\nContent-Disposition: form-data; name=\"{$file['name']}\"; filename=\""
            . basename($file['file']) . "\"\r\nContent-Type: {$file['type']}\r\n\r\n"
            . file_get_contents($file['file']) . "\r\n";
    }
    $context = stream_context_create(['http' => [
        'method' => 'POST',
        'header' => "Content-Type: multipart/form-data; boundary=$boundary",
        'content' => "$body--$boundary--\r\n",
    ]]);
    $answer = file_get_contents($url, false, $context);
    return implode("\r\n", $http_response_header) . "\r\n\r\n" . $answer;
}

function http_parse_headers($response) {
    $headers = [];
    foreach (explode("\r\n", explode("\r\n\r\n", $response)[0]) as $line) {
        if (strpos($line, ':')) {
            [$name, $value] = explode(':', $line, 2);
            $headers[ucwords(strtolower($name), '-')] = trim($value);
        }
    }
    return $headers;
}

$files = array(
    array(
        'name' => 'torrent',
        'type' => 'application/x-bittorrent',
        'file' => 'my.torrent',
    ),
);
$http_resp = http_post_fields($argv[1], array(), $files);
$headers = http_parse_headers($http_resp);
if ($headers["X-Thetorrent-Result"] == "stored") {
    echo $headers["X-Thetorrent-Hash"];
} elseif ($headers["X-Thetorrent-Result"] == "failed") {
    echo $headers["X-Thetorrent-Error"];
}
