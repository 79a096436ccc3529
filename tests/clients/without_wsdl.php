<?php
// php without_wsdl.php URL NAMESPACE OPERATION: my.torrent, without asking for a WSDL.
$client = new SoapClient(null, ['location' => $argv[1], 'uri' => $argv[2]]);
echo $client->__soapCall($argv[3], [base64_encode(file_get_contents('my.torrent'))]);
