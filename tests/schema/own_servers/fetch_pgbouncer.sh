#!/bin/sh
# Unpacks a PgBouncer with all that it needs into the folder $1; installs nothing and needs no root. It is the one of this machine's
# own package sources, or where that cannot keep prepared statements in transaction mode (Debian 12 has 1.18), Debian 13's.
set -eu
folder=$1
oldest=1.22
mkdir -p "$(dirname "$folder")"
work=$(mktemp -d "$folder.XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$work/unpacked"
: > "$work/status" # as if nothing were installed, so that the libraries come along
cat > "$work/apt.conf" << END
Dir::State "$work";
Dir::State::status "$work/status";
Dir::Cache "$work/cache";
APT::Sandbox::User "";
APT::Install-Recommends "false";
Debug::NoLocking "true";
END
export APT_CONFIG="$work/apt.conf"

candidate() { LC_ALL=C apt-cache policy pgbouncer | sed -n 's/^ *Candidate: //p'; }

apt-get -qq update
if ! dpkg --compare-versions "$(candidate)" ge "$oldest"; then
    mirror=$(apt-get indextargets --format '$(REPO_URI)' | grep -m 1 '/debian/$')
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror trixie main" > "$work/sources.list"
    printf 'Dir::Etc::sourcelist "%s/sources.list";\nDir::Etc::sourceparts "-";\n' "$work" >> "$work/apt.conf"
    apt-get -qq update
fi
apt-get -qq --yes --download-only install pgbouncer
for package in "$work"/cache/archives/pgbouncer_*.deb "$work"/cache/archives/lib*.deb; do dpkg -x "$package" "$work/unpacked"; done
chmod -R a+rX "$work/unpacked"
mv -T "$work/unpacked" "$folder" || test -d "$folder" # another process was faster
