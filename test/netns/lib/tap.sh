# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# What the netns tests say and how: one "ok" or "not ok" line a case (TAP), diagnostics behind "#".
# Sources the laboratory, too. A test ends with t_done.
set -uo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../../scripts/common.sh"
# shellcheck source=scripts/lab.sh
. "$HPSR_ROOT/scripts/lab.sh"

T_UDPFLOW=$HPSR_BUILD/test/tools/udpflow
T_N=0
T_FAILED=0
T_OUT=      # what the last t_status command printed
T_ATTEMPT=  # file of the attempt that runs
exec 3>&1   # where TAP goes

t_diag() {
	printf '%s\n' "$@" | sed 's/^/# /'
}

t_pass() {
	T_N=$((T_N + 1))
	printf 'ok %d - %s\n' "$T_N" "$1"
}

# t_fail WHAT DIAGNOSTIC...
t_fail() {
	T_N=$((T_N + 1))
	T_FAILED=$((T_FAILED + 1))
	printf 'not ok %d - %s\n' "$T_N" "$1"
	shift
	[ $# -eq 0 ] || t_diag "$@"
}

# t_skip WHAT WHY
t_skip() {
	T_N=$((T_N + 1))
	printf 'ok %d - %s # SKIP %s\n' "$T_N" "$1" "$2"
}

# t_is WHAT GOT EXPECTED
t_is() {
	if [ "$2" = "$3" ]; then
		t_pass "$1"
	else
		t_fail "$1" "got: $2" "expected: $3"
	fi
}

# t_within WHAT GOT LOWEST HIGHEST: numbers, with fractions; anything else fails.
t_within() {
	if t_number "$2" && awk -v x="$2" -v l="$3" -v h="$4" 'BEGIN { exit !(x >= l && x <= h) }'; then
		t_pass "$1 ($2)"
	else
		t_fail "$1" "got: $2" "expected: $3 to $4"
	fi
}

t_number() {
	[[ $1 =~ ^-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?$ ]]
}

# t_match WHAT TEXT REGEX: an extended regular expression that some line matches.
t_match() {
	if grep -qE -- "$3" <<<"$2"; then
		t_pass "$1"
	else
		t_fail "$1" "no line matches: $3" "in: $2"
	fi
}

# t_status WHAT STATUS COMMAND...: runs it; its output, both streams, is then in T_OUT.
t_status() {
	local what=$1 expected=$2 status
	shift 2
	T_OUT=$("$@" 2>&1 </dev/null)
	status=$?
	if [ "$status" -eq "$expected" ]; then
		t_pass "$what"
	else
		t_fail "$what" "command: $*" "exit status $status, expected $expected" "said: $T_OUT"
	fi
}

# t_wait WHAT SECONDS COMMAND...: an event that must come.
t_wait() {
	local what=$1 seconds=$2
	shift 2
	if wait_for "$seconds" "$@"; then
		t_pass "$what"
	else
		t_fail "$what" "not within $seconds s: $*"
	fi
}

# t_start SITE: the daemon, or the test is over.
t_start() {
	lab_router_start "$1" || t_bail "hpsrouterd does not start"
}

# t_attempts N FUNCTION: the cases of FUNCTION, again when one of them fails, N times at most: for
# what a machine that is not ours alone disturbs. What is really broken fails every time; each failed
# attempt stays in the output as diagnostics.
t_attempts() {
	local attempts=$1 i=1 n=$T_N failed=$T_FAILED
	T_ATTEMPT=$LAB_DIR/attempt
	while :; do
		"$2" >"$T_ATTEMPT"
		if [ "$T_FAILED" -eq "$failed" ] || [ "$i" -ge "$attempts" ]; then
			break
		fi
		sed "s/^/# attempt $i: /" "$T_ATTEMPT"
		T_N=$n T_FAILED=$failed i=$((i + 1))
	done
	cat "$T_ATTEMPT"
	T_ATTEMPT=
}

t_bail() {
	t_fail "$@"
	t_done
}

t_done() {
	exec >&3
	[ -z "$T_ATTEMPT" ] || cat "$T_ATTEMPT"
	# What the daemon said helps who reads a failure.
	if [ "$T_FAILED" -gt 0 ] && [ -s "${LAB_LOG:-}" ]; then
		t_diag "--- hpsrouterd:" "$(tail -n 40 "$LAB_LOG")"
	fi
	printf '1..%d\n' "$T_N"
	exit $((T_FAILED > 0))
}

# t_stat FILTER: jq over hpsrctl -j stats.
t_stat() {
	lab_ctl -j stats | jq -r "$1"
}

# t_conserved WHAT: every packet that came in is accounted for once.
t_conserved() {
	local c
	c=$(lab_ctl -j stats | jq -c '.conservation')
	if [ "$(jq '.received > 0 and .received == .sent + .dropped + .consumed + .queued' <<<"$c")" = true ]; then
		t_pass "$1"
	else
		t_fail "$1" "received is not sent + dropped + consumed + queued, or is 0: $c"
	fi
}

# flow_start NAME FROM TO ADDRESS PORT UDPFLOW-SEND-OPTION...: a udpflow in the background.
flow_start() {
	local name=$1 from=$2 to=$3 address=$4 port=$5
	shift 5
	lab_job "$to" taskset -c "$(lab_host_cpus)" "$T_UDPFLOW" receive "$port" >"$LAB_DIR/$name.flow"
	eval "FLOW_RX_$name=$LAB_JOB"
	wait_for 5 flow_listening "$to" "$port" || t_bail "udpflow does not listen on $to"
	lab_job "$from" taskset -c "$(lab_host_cpus)" "$T_UDPFLOW" send "$address" "$port" "$@" \
		>"$LAB_DIR/$name.sent"
	eval "FLOW_TX_$name=$LAB_JOB"
}

flow_listening() {
	lab_in "$1" ss -Huln "sport = :$2" | grep -q .
}

tcp_listening() {
	lab_in "$1" ss -Htln "sport = :$2" | grep -q .
}

# flow_running NAME: its sender has not ended.
flow_running() {
	local tx=FLOW_TX_$1
	! lab_pid_gone "${!tx}"
}

# flow_wait NAME: to its end. Then flow NAME FILTER is jq over what was received.
flow_wait() {
	local rx=FLOW_RX_$1 tx=FLOW_TX_$1
	wait "${!tx}" "${!rx}"
	[ -s "$LAB_DIR/$1.flow" ] || t_bail "flow $1 has no report"
}

flow() {
	jq -r "$2" "$LAB_DIR/$1.flow"
}

# flow_mbps NAME [FROM_MS TO_MS]: L2 Mbit/s as received, over the flow less its first and last
# 100 ms, or between those times since its start.
flow_mbps() {
	flow "$1" "(.slots | length) as \$n | .slot_ms as \$m |
		(${2:-100} / \$m | floor) as \$a | (${3:-\$n * \$m - 100} / \$m | floor) as \$b |
		(.slots[\$a:\$b] | add // 0) * 8 / ((\$b - \$a) * \$m * 1000)"
}

# flow_loss NAME: the share of its packets that did not arrive.
flow_loss() {
	flow "$1" 'if .ended and .sent > 0 then .lost / .sent else "no end heard" end'
}
