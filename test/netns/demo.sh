#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# scripts/demo keeps its promises, and leaves nothing behind, also when it is interrupted at
# different moments.
#
#   the demo's own laboratory: three VPXIs, six hosts
# shellcheck source=test/netns/lib/tap.sh
. "$(dirname "$0")/lib/tap.sh"

lab_begin
demo=$HPSR_ROOT/scripts/demo

# What a demo of this pid has made: its namespaces, files and processes in them.
traces() {
	ip netns list | grep "^hpsr$1-"
	find /tmp /run/dpdk "${TMPDIR:-/tmp}" -maxdepth 1 -name "hpsr*$1*" 2>/dev/null
	pgrep -s "$1"
	pgrep -f "/hpsr$1\.lab/"
}

# A killed process is there until its parent has seen it.
clean() {
	[ -z "$(traces "$1")" ]
}

t_clean() {
	if wait_for 5 clean "$2"; then
		t_pass "$1"
	else
		t_fail "$1" "$(traces "$2")" "$(ps -o pid,ppid,sid,stat,args -s "$2")"
	fi
}

said() {
	grep -q "$1" "$LAB_DIR/demo"
}

run() {
	setsid "$demo" "$@" >"$LAB_DIR/demo" 2>&1 </dev/null &
	pid=$!
	LAB_JOBS+=("$pid")
}

whole() {
	run --seconds 8
	wait "$pid"
	t_is "exit status" "$?" 0
	t_match "verdict" "$(tail -n 1 "$LAB_DIR/demo")" '^verdict: all within what is promised$'
	t_diag "$(grep -E '^(UDP|TCP|rate|foreign|ping|fault)' "$LAB_DIR/demo")"
	t_clean "nothing is left" "$pid"
}

t_attempts 3 whole
for moment in "starting the router" "ping through" "UDP at CF 1.0" "TCP through"; do
	run --seconds 20
	wait_for 60 said "$moment" || t_diag "it does not come to: $moment"
	kill -TERM "$pid"
	wait "$pid"
	t_is "ended at \"$moment\": exit status" "$?" 143
	t_clean "ended at \"$moment\": nothing is left" "$pid"
done
t_status "bad usage: exit 2" 2 "$demo" --seconds soon
t_done
