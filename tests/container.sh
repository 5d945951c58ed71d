#!/bin/sh
# `container.sh <folder> <mounts> <place> <command …>`, as root in a mount space of its own: makes of <folder> what the file
# <mounts> says (`ro|rw <source> <target>`), moves in with no way back, and becomes the command in <place>. Nothing can be
# written but where a mount says `rw`, and in /tmp.
set -eu
umask 022
root=$1 mounts=$2 place=$3
shift 3

mount -t tmpfs -o mode=755 container "$root"
for part in bin sbin lib lib64; do
    [ ! -L "/$part" ] || cp -P "/$part" "$root/$part"
done
mkdir -p "$root/tmp" "$root/dev/shm" "$root/old"
while read -r how source target; do
    mkdir -p "$(dirname "$root$target")"
    if [ -d "$source" ]; then mkdir -p "$root$target"; else [ -e "$root$target" ] || : >"$root$target"; fi
    mount --bind "$source" "$root$target"
    [ "$how" = rw ] || mount -o remount,bind,ro "$root$target"
done <"$mounts"
mount -t tmpfs -o mode=1777,nosuid,nodev tmp "$root/tmp"
mount -t tmpfs -o mode=1777,nosuid,nodev,noexec shm "$root/dev/shm"

cd "$root"
pivot_root . old
cd /
umount -l old
rmdir old
mount -o remount,ro /

cd "$place"
exec "$@"
