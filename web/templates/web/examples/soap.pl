use strict;
use warnings;
use MIME::Base64;
use SOAP::Lite;

open my $file, '<:raw', 'my.torrent' or die "my.torrent: $!";
my $torrent = encode_base64(do { local $/; <$file> });
close $file;

my $archive = SOAP::Lite->service('{{ wsdl }}');
my $answer = $archive->storeTorrent($torrent);
$answer =~ /^(?:[0-9A-F]{40}|[0-9A-F]{64})$/ or die "$answer\n";
print "$answer\n";
