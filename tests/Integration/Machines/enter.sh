#!/bin/sh
# In a mount namespace of its own: lays the machine of folder $1 over this one, then becomes the command that follows.
# What is laid over is gone with the last process in the namespace.
set -eu
machine=$1 scratch=$2
shift 2
mount -t tmpfs none "$scratch"
mkdir "$scratch/dev"
mount --rbind /dev "$scratch/dev"
for top in lib lib64 bin sbin; do # links into /usr
    [ ! -d "$machine/$top" ] || { mkdir -p "$machine/usr/$top" && cp -a "$machine/$top/." "$machine/usr/$top/"; }
done
for top in dev etc opt usr var sys/bus/pci/devices sys/module; do
    [ -d "$machine/$top" ] || continue
    mkdir -p "$scratch/$top.up" "$scratch/$top.work"
    cp -a "$machine/$top/." "$scratch/$top.up/"
    mount -t overlay -o "lowerdir=/$top,upperdir=$scratch/$top.up,workdir=$scratch/$top.work" overlay "/$top"
done
for inner in pts shm mqueue; do
    [ ! -d "$scratch/dev/$inner" ] || mount --bind "$scratch/dev/$inner" "/dev/$inner"
done
[ ! -f "$machine/proc/cpuinfo" ] || mount --bind "$machine/proc/cpuinfo" /proc/cpuinfo
exec "$@"
