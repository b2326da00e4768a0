# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# What every script here needs: where the project is, how it speaks. Sourced, never run.

HPSR_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
HPSR_BUILD=${HPSR_BUILD:-$HPSR_ROOT/build}
# Not whatever `python3` is first in PATH: only Debian's has python3-scapy.
# shellcheck disable=SC2034 # for who sources this
HPSR_PYTHON=/usr/bin/python3
HPSR_NAME=${0##*/}

say() {
	printf '%s\n' "$*"
}

note() {
	printf '%s: %s\n' "$HPSR_NAME" "$*" >&2
}

die() {
	note "$*"
	exit 1
}

usage_error() {
	note "$*; --help tells how"
	exit 2
}

need_root() {
	[ "$(id -u)" -eq 0 ] || die "needs root: it makes network namespaces and AF_XDP sockets"
}

# wait_for SECONDS COMMAND...: until COMMAND succeeds; 1 when it has not by then.
wait_for() {
	local deadline
	deadline=$(($(date +%s%3N) + $1 * 1000))
	shift
	until "$@"; do
		[ "$(date +%s%3N)" -lt "$deadline" ] || return 1
		sleep 0.05
	done
}

# build_dir DIR [MESON OPTION...]: configures DIR when it is new, builds it; silent when it goes well.
build_dir() {
	local dir=$1 log
	shift
	log=$(mktemp "${TMPDIR:-/tmp}/hpsr-build.XXXXXX")
	if [ ! -f "$dir/build.ninja" ]; then
		rm -rf "$dir"
		if ! meson setup "$dir" "$HPSR_ROOT" "$@" </dev/null >"$log" 2>&1; then
			cat "$log" >&2
			rm -f "$log"
			return 1
		fi
	fi
	if ! ninja -C "$dir" -j "$(nproc)" </dev/null >"$log" 2>&1; then
		grep -vE '^\[[0-9]+/[0-9]+\] ' "$log" | tail -n 60 >&2
		rm -f "$log"
		return 1
	fi
	rm -f "$log"
}
