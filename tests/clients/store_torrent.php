<?php
    $client = new SoapClient( '' );
    $infoHash = $client -> storeTorrent( base64_encode( file_get_contents( 'my.torrent' ) ) );
    echo $infoHash;
