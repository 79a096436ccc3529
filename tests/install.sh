#!/bin/sh
# Servers and clients of other makes that the tests talk to. Debian's packages first, then npm's.
set -eu
cd "$(dirname "$0")"

packages="
    postgresql
    radosgw ceph-mon ceph-osd ceph-common
    nginx-light
    php-cli php-soap php-curl libsoap-lite-perl curl
    chromium
    wrk
    iproute2 opentracker
    qbittorrent-nox transmission-daemon aria2 rtorrent deluged deluge-console
"
missing=""
for package in $packages; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done
if [ -n "$missing" ]; then
    root=""
    [ "$(id -u)" = 0 ] || root=sudo
    $root apt-get update -qq
    DEBIAN_FRONTEND=noninteractive $root apt-get install -qq -y --no-install-recommends $missing
fi

if [ ! -d clients/node_modules ] || [ clients/package-lock.json -nt clients/node_modules ]; then
    npm ci --prefix clients --no-audit --no-fund --silent
    touch clients/node_modules
fi
