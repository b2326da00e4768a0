# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# Runs scripts/demo, and looks for what it leaves. Sourced behind tap.sh; after lab_begin.

DEMO=$HPSR_ROOT/scripts/demo
DEMO_PID=

# What a demo of this pid has made: its namespaces, files and processes in them.
demo_traces() {
	ip netns list | grep "^hpsr$1-"
	find /tmp /run/dpdk "${TMPDIR:-/tmp}" -maxdepth 1 -name "hpsr*$1*" 2>/dev/null
	pgrep -s "$1"
	pgrep -f "/hpsr$1\.lab/"
}

# A killed process is there until its parent has seen it.
demo_clean() {
	[ -z "$(demo_traces "$1")" ]
}

t_demo_clean() {
	if wait_for 5 demo_clean "$DEMO_PID"; then
		t_pass "$1"
	else
		t_fail "$1" "$(demo_traces "$DEMO_PID")" \
			"$(ps -o pid,ppid,sid,stat,args -s "$DEMO_PID")"
	fi
}

demo_said() {
	grep -q "$1" "$LAB_DIR/demo"
}

# demo_run ARGUMENT...: sets DEMO_PID; what it says to LAB_DIR/demo.
demo_run() {
	setsid "$DEMO" "$@" >"$LAB_DIR/demo" 2>&1 </dev/null &
	DEMO_PID=$!
	LAB_JOBS+=("$DEMO_PID")
}

# t_demo_whole PATTERN ARGUMENT...: it keeps its promises; lines of its report to be seen.
t_demo_whole() {
	local pattern=$1
	shift
	demo_run "$@"
	wait "$DEMO_PID"
	t_is "exit status" "$?" 0
	t_match "verdict" "$(tail -n 1 "$LAB_DIR/demo")" '^verdict: all within what is promised$'
	t_diag "$(grep -E "$pattern" "$LAB_DIR/demo")"
	t_demo_clean "nothing is left"
}

# t_demo_ended MOMENT ARGUMENT...: told to end when it says MOMENT.
t_demo_ended() {
	local moment=$1
	shift
	demo_run "$@"
	wait_for 60 demo_said "$moment" || t_diag "it does not come to: $moment"
	kill -TERM "$DEMO_PID"
	wait "$DEMO_PID"
	t_is "ended at \"$moment\": exit status" "$?" 143
	t_demo_clean "ended at \"$moment\": nothing is left"
}
