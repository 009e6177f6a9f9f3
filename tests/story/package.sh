#!/usr/bin/env bash
# The Debian package, as `cpack` makes it: what is in it, what Debian's own judge says of it, how it is hardened, how large it is, what
# a purge takes, and that another build of the same source, elsewhere and without any test, gives the same bytes.
set -uo pipefail
build=${CLOSESYNCD_BUILD_DIR:?} source=${CLOSESYNCD_SOURCE:?}
directory=$(mktemp -d "${TMPDIR:-/tmp}/package.XXXXXX")
trap 'rm -rf "$directory"' EXIT
failures=0

complain() {
  printf 'FAILED: %s\n' "$*"
  failures=$((failures + 1))
}

# pack BUILD FOLDER: the package of that build, in $deb.
pack() {
  cpack -B "$2" --config "$1/CPackConfig.cmake" >"$2.log" 2>&1 || { complain "cpack: $(tail -n 5 "$2.log")"; return 1; }
  deb=$(printf '%s\n' "$2"/closesyncd_*_"$(dpkg --print-architecture)".deb)
  [[ -f $deb ]] || { complain "cpack made no package of that name: $(ls "$2")"; return 1; }
}

if ! grep -q '^SANITIZE:STRING=$' "$build/CMakeCache.txt"; then
  cpack -B "$directory/sanitized" --config "$build/CPackConfig.cmake" >"$directory/log" 2>&1 && complain 'a build with sanitizers is packaged'
  grep -q 'this build is for tests' "$directory/log" || complain "a build with sanitizers is refused otherwise: $(cat "$directory/log")"
  exit $((failures > 0))
fi

mkdir "$directory/here" "$directory/there"
pack "$build" "$directory/here" || exit 1
first=$deb
dpkg-deb -x "$first" "$directory/tree"
dpkg-deb -e "$first" "$directory/control"
tree=$directory/tree

# Contents: a line each, with the mode.
(cd "$tree" && find . -type f -printf '%m %P\n' | sort -k 2) >"$directory/files"
cat >"$directory/wanted" <<'LIST'
644 etc/closesyncd/closesyncd.conf
755 usr/bin/closesyncd
644 usr/lib/systemd/system/closesyncd-verify.service
644 usr/lib/systemd/system/closesyncd-verify.timer
644 usr/lib/systemd/system/closesyncd-verify@.service
644 usr/lib/systemd/system/closesyncd-verify@.timer
644 usr/lib/systemd/system/closesyncd.service
644 usr/lib/systemd/system/closesyncd@.service
644 usr/lib/sysusers.d/closesyncd.conf
644 usr/lib/tmpfiles.d/closesyncd.conf
644 usr/share/closesyncd/closesyncd-grafana.json
644 usr/share/closesyncd/closesyncd.rules.yml
644 usr/share/doc/closesyncd/README.md
644 usr/share/doc/closesyncd/changelog.gz
644 usr/share/doc/closesyncd/closesyncd.conf
644 usr/share/doc/closesyncd/copyright
644 usr/share/doc/closesyncd/sql/README.md
644 usr/share/doc/closesyncd/systemd/README.md
644 usr/share/man/man1/closesyncd.1.gz
644 usr/share/man/man5/closesyncd.conf.5.gz
LIST
lost=$(comm -13 <(sort "$directory/files") <(sort "$directory/wanted"))
[[ -z $lost ]] || complain "not in the package: $lost"
strange=$(grep -vE '^[0-9]+ (etc/closesyncd|usr/(bin|lib/(systemd|sysusers.d|tmpfiles.d)|share/(closesyncd|doc|man|bash-completion|zsh|fish)))/' \
  "$directory/files")
[[ -z $strange ]] || complain "does not belong into the package: $strange"
[[ $(dpkg-deb --fsys-tarfile "$first" | tar -tv | awk '{ print $2 }' | sort -u) == root/root ]] || complain 'not all belongs to root'
[[ $(cat "$directory/control/conffiles") == /etc/closesyncd/closesyncd.conf ]] || complain 'the configuration is no conffile'
for script in postinst prerm postrm; do
  { [[ -x $directory/control/$script ]] && sh -n "$directory/control/$script"; } || complain "$script is no script"
done
version=$("${CLOSESYNCD_BINARY:?}" --version | sed -n '1s/^closesyncd \([0-9.]*\).*/\1/p')
[[ $(basename "$first") == "closesyncd_${version}_$(dpkg --print-architecture).deb" ]] || complain "the package is called $(basename "$first")"
[[ $(dpkg-deb -f "$first" Version) == "$version" ]] || complain "its version is $(dpkg-deb -f "$first" Version)"
for library in libpq5 libcurl4 libuv1 libc6 ca-certificates; do
  [[ $(dpkg-deb -f "$first" Depends) == *"$library"* ]] || complain "it does not depend on $library"
done
cmp -s "$tree/etc/closesyncd/closesyncd.conf" "$source/config/closesyncd.conf" || complain 'the configuration is another than the example'

size=$(stat -c %s "$first") installed=$(du -s --apparent-size -B 1 "$tree" | cut -f 1)
((size < 300000)) || complain "the package has $size bytes"
((installed < 1000000)) || complain "installed it has $installed bytes"

# Debian's judge. Warnings that are not overridden with a reason fail too.
judged=$(lintian --allow-root --fail-on error,warning "$first" 2>&1) || complain "lintian: $judged"

# hardening=+all: by what the linker did, and by the flags that the compiler wrote down for each unit.
binary=$tree/usr/bin/closesyncd
readelf -WldS --dyn-syms "$binary" >"$directory/elf"
in_elf() { grep -qE -- "$1" "$directory/elf" || complain "$2"; }
in_elf 'Flags: NOW PIE' 'not bound at start, or not position independent'
in_elf GNU_RELRO 'relocations stay writable'
in_elf 'GNU_STACK.* RW ' 'the stack may be executed'
in_elf ' __stack_chk_fail@' 'it does not watch its stack'
in_elf ' __memcpy_chk@' 'it does not bound what it copies'
! grep -q '\.debug_' "$directory/elf" || complain 'it is not stripped'
flags=(-fstack-protector-strong -fstack-clash-protection)
[[ $(dpkg --print-architecture) != amd64 ]] || flags+=(-fcf-protection)
readelf --debug-dump=info "$build/closesyncd" | grep -A 1 'DW_AT_producer.*GNU C11' | grep -o 'GNU C11.*' | sort -u >"$directory/producers"
[[ -s $directory/producers ]] || complain 'the flags of the compiler are unknown'
for flag in "${flags[@]}"; do
  ! grep -qv -e "$flag" "$directory/producers" || complain "a part is built without $flag"
done
! grep -qF -e "$source" -e "$build" "$build/closesyncd" || complain 'the binary holds the path of its source'

# What the pages say to install is what config/packages says.
# shellcheck source=config/packages
source "$source/config/packages"
for page in README.md systemd/README.md; do
  grep -qxF "sudo apt install --no-install-recommends ${package_packages[*]}" "$source/$page" || complain "$page says to install something else"
done
# The container has the libraries that the package depends on, and the certificates; their names are Debian 12's.
if grep -qx VERSION_CODENAME=bookworm /etc/os-release; then
  needed=$(dpkg-deb -f "$first" Depends | tr , '\n' | grep -oE '^ *(lib[a-z0-9.-]+|ca-certificates)' | tr -d ' ' | grep -vx libc6 | sort)
  has=$(sed -n '/^FROM debian:12-slim$/,$p' "$source/config/Dockerfile" | grep -owE 'lib[a-z0-9.-]+|ca-certificates' | sort)
  [[ $needed == "$has" ]] || complain "the container has ${has//$'\n'/ }; the package depends on ${needed//$'\n'/ }"
fi

# A purge takes the configuration, and no key.
root=$directory/root
mkdir -p "$root"/etc/{closesyncd/closesyncd.conf.d,credstore,systemd/system/multi-user.target.wants} "$root/var/lib/closesyncd"
touch "$root"/etc/closesyncd/{other.conf,closesyncd.conf.d/acme.conf,acme.key} "$root/etc/credstore/close_api_key" \
  "$root/var/lib/closesyncd/acme.oauth"
ln -s /lib/systemd/system/closesyncd@.service "$root/etc/systemd/system/multi-user.target.wants/closesyncd@other.service"
DPKG_ROOT=$root DPKG_MAINTSCRIPT_PACKAGE=closesyncd "$directory/control/postrm" purge || complain 'a purge fails'
left=$(cd "$root" && find . -name 'deb-systemd*' -prune -o ! -type d -print | sort | tr '\n' ' ')
[[ $left == './etc/closesyncd/acme.key ./etc/credstore/close_api_key ./var/lib/closesyncd/acme.oauth ' ]] || complain "a purge leaves: $left"

# The same source, elsewhere, by somebody with other habits, without Criterion.
mkdir "$directory/a place with blanks"
(
  umask 077
  (cd "$source" && tar -c --exclude='./build*' --exclude=./.git .) | tar -x --no-same-permissions -C "$directory/a place with blanks"
  export LC_ALL=C TZ=Asia/Tokyo
  revision=$("$CLOSESYNCD_BINARY" --version | sed -n 's/^revision //p') # what git told the first build; there is no .git here
  cmake -S "$directory/a place with blanks" -B "$directory/out" -DCMAKE_BUILD_TYPE=Release -DBUILD_TESTING=OFF -DREVISION="$revision" &&
    cmake --build "$directory/out" -j2
) >"$directory/log" 2>&1 || complain "it does not build elsewhere: $(tail -n 5 "$directory/log")"
! grep -qi criterion "$directory/out/CMakeCache.txt" || complain 'BUILD_TESTING=OFF asks for Criterion'
[[ ! -e $directory/out/tests ]] || complain 'BUILD_TESTING=OFF builds tests'
if pack "$directory/out" "$directory/there"; then # cpack keeps its umask in the archive's own header: the usual one
  cmp "$first" "$directory/there/$(basename "$first")" || complain 'two builds are two packages'
else
  complain 'it cannot be packaged elsewhere'
fi
((failures == 0)) && echo "package: well, $size bytes, $installed installed"
exit $((failures > 0))
