# perl without_wsdl.pl URL NAMESPACE OPERATION: my.torrent, without asking for a WSDL.
use strict;
use warnings;
use MIME::Base64 ();
use SOAP::Lite ();

my ( $url, $namespace, $operation ) = @ARGV;
open( my $file, '<:raw', 'my.torrent' ) or die "$!";
my $torrent = do { local $/; <$file> };
print SOAP::Lite->uri( $namespace )->proxy( $url )->call( $operation, MIME::Base64::encode( $torrent ) )->result;
