<?php
$boundary = bin2hex(random_bytes(16));
$form = "--$boundary\r\n"
    . 'Content-Disposition: form-data; name="torrent"; filename="my.torrent"'
    . "\r\n\r\n" . file_get_contents('my.torrent') . "\r\n--$boundary--\r\n";

$post = stream_context_create(['http' => [
    'method' => 'POST',
    'header' => "Content-Type: multipart/form-data; boundary=$boundary",
    'content' => $form,
]]);
$answer = file_get_contents('{{ base }}/upload', false, $post);

if (preg_grep('/^X-Thetorrent-Result: stored/i', $http_response_header)) {
    echo "$answer\n";
} else {
    fwrite(STDERR, $answer);
    exit(1);
}
