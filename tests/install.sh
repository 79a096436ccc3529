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
    redis-server
    iproute2
    git rsync wget bzip2 sqlite3 systemd
    qbittorrent-nox transmission-daemon aria2 rtorrent deluged deluge-console
    default-jdk-headless maven
    opentracker mmdebstrap debian-archive-keyring
"
root=""
[ "$(id -u)" = 0 ] || root=sudo

missing=""
for package in $packages; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done
if [ -n "$missing" ]; then
    $root apt-get update -qq
    DEBIAN_FRONTEND=noninteractive $root apt-get install -qq -y --no-install-recommends $missing
fi

# Later versions of some, unpacked with the libraries they need; see tests/servers/debian.py.
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
release=$(. /etc/os-release && echo "$VERSION_CODENAME")
mirror=$(apt-get indextargets --format '$(REPO_URI)' "Release: $release" "Component: main" | head -n 1)

unpack() { # FOLDER SUITE-AS-WELL-AS-TRIXIE PACKAGES
    folder="clients/.debian/$1"
    [ ! -d "$folder" ] || return 0
    $root rm -rf "$folder.new"
    mkdir -p clients/.debian
    for suite in trixie $2; do
        echo "deb [signed-by=$keyring] $mirror $suite main"
    done | $root mmdebstrap --quiet --variant=extract --include="$3" trixie "$folder.new" -
    $root mv "$folder.new" "$folder"
}
unpack trixie "" qbittorrent-nox
unpack trixie-backports trixie-backports \
    qbittorrent-nox/trixie-backports,transmission-daemon/trixie-backports

if [ ! -d clients/node_modules ] || [ clients/package-lock.json -nt clients/node_modules ]; then
    npm ci --prefix clients --no-audit --no-fund --silent
    touch clients/node_modules
fi

if [ ! -d clients/jaxws/.jars ] || [ clients/jaxws/pom.xml -nt clients/jaxws/.jars ]; then
    mvn -q -B -f clients/jaxws/pom.xml dependency:copy-dependencies -DoutputDirectory=.jars
    touch clients/jaxws/.jars
fi

# FlexGet wants other versions of what Hashkeep runs on, so it lives by itself.
if [ ! -d clients/.flexget ] || [ clients/flexget.txt -nt clients/.flexget ]; then
    "${PYTHON:-python3}" -m venv clients/.flexget
    clients/.flexget/bin/pip install --quiet --disable-pip-version-check -r clients/flexget.txt
    touch clients/.flexget
fi
