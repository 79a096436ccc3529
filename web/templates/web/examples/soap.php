<?php
$client = new SoapClient('{{ wsdl }}');
$answer = $client->storeTorrent(base64_encode(file_get_contents('my.torrent')));

if (preg_match('/^(?:[0-9A-F]{40}|[0-9A-F]{64})$/', $answer)) {
    echo "$answer\n";
} else {
    fwrite(STDERR, "$answer\n");
    exit(1);
}
