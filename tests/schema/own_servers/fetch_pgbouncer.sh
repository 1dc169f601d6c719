#!/bin/sh
# Unpacks the PgBouncer of Debian 13 with the libraries that it needs into the folder $1; installs nothing and needs no root.
# Debian 12 has 1.18, which cannot keep prepared statements in transaction mode; that came with 1.21.
set -eu
folder=$1
mkdir -p "$(dirname "$folder")"
work=$(mktemp -d "$folder.XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$work/debs" "$work/unpacked"
# From the mirror that this machine uses for itself.
mirror=$(grep -rhoEm1 'https?://[^ ]+/debian/?( |$)' /etc/apt/sources.list /etc/apt/sources.list.d/ 2>/dev/null | head -n 1)
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror trixie main" > "$work/sources.list"
: > "$work/status"
cat > "$work/apt.conf" << END
Dir::Etc::sourcelist "$work/sources.list";
Dir::Etc::sourceparts "-";
Dir::State "$work";
Dir::State::status "$work/status";
Dir::Cache "$work/cache";
APT::Sandbox::User "";
END
export APT_CONFIG="$work/apt.conf"
apt-get -qq update
cd "$work/debs"
apt-get -qq download pgbouncer libc6 libevent-2.1-7t64 libcares2 libssl3t64 libpam0g libaudit1 libcap-ng0 libcap2 \
    libsystemd0 libzstd1 zlib1g
for package in *.deb; do dpkg -x "$package" "$work/unpacked"; done
chmod -R a+rX "$work/unpacked"
mv -T "$work/unpacked" "$folder" || test -d "$folder" # another process was faster
