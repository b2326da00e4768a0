#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# rate set in the middle of a flow: in force within 10 ms, and nothing is lost that the queue would
# have kept.
#
#   v1a 10.0.1.2 --- p1a vpxi1/vr1 p1b --- v1b 10.0.2.2     100 Mbit/s at first
# shellcheck source=test/netns/lib/tap.sh
. "$(dirname "$0")/lib/tap.sh"

link=vpxi1/vr1/b
lab_begin
lab_probe
lab_vpxi 1
lab_site 100Mbps >"$LAB_DIR/site.yaml"
t_start "$LAB_DIR/site.yaml"
lab_warm 1 || t_bail "hosts do not reach each other"

datagrams() {
	lab_in v1b awk '/^Udp:/ && $2 != "InDatagrams" { print $2 }' /proc/net/snmp
}

arrived() {
	[ "$(datagrams)" -gt "$1" ]
}

full_drops() {
	t_stat '[.vrouters[].interfaces[] | select(.interface == "b") | .drops.link_queue_full // 0] | add'
}

# since_start NS: that time (date +%s%N) in milliseconds of the flow.
since_start() {
	flow "$1" "(($2 - .start_ns) / 1e6) | floor"
}

# Offered 300, so that the link is always busy.
change() {
	local arrived_before set_ns set_ms cut_ns cut_ms
	lab_ctl rate set "$link" static=100Mbps >/dev/null
	arrived_before=$(datagrams)
	flow_start up v1a v1b 10.0.2.2 7000 -r 300e6 -t 3
	wait_for 5 arrived $((arrived_before + 5000))
	t_status "rate set to 200 Mbit/s" 0 lab_ctl -j rate set "$link" static=200Mbps
	set_ns=$(date +%s%N)
	t_match "it prints what the link is granted" "$T_OUT" '"granted_bps": *200000000'
	wait_for 5 arrived $((arrived_before + 18000))
	t_status "rate set to 50 Mbit/s" 0 lab_ctl rate set "$link" static=50Mbps
	cut_ns=$(date +%s%N)
	t_match "it prints the grant as a table" "$T_OUT" '50'
	flow_wait up
	set_ms=$(since_start up "$set_ns") cut_ms=$(since_start up "$cut_ns")
	t_within "before: 100 Mbit/s" "$(flow_mbps up 100 $((set_ms - 50)))" 99 101
	t_within "from 10 ms after: 200 Mbit/s" "$(flow_mbps up $((set_ms + 10)) $((set_ms + 110)))" 194 206
	t_within "steady: 200 Mbit/s" "$(flow_mbps up $((set_ms + 10)) $((cut_ms - 50)))" 198 202
	t_within "from 10 ms after the second change: 50 Mbit/s" \
		"$(flow_mbps up $((cut_ms + 10)) $((cut_ms + 210)))" 48.5 51.5
}

# Offered 40 while the rate goes 50, 100, 45, 200, ...: all fits, nothing may be lost.
kept() {
	local changes=0 rate
	flow_start kept v1a v1b 10.0.2.2 7001 -r 40e6 -t 4
	while flow_running kept; do
		for rate in 100Mbps 45Mbps 200Mbps 50Mbps; do
			lab_ctl rate set "$link" static="$rate" >/dev/null || t_fail "rate set $rate"
			changes=$((changes + 1))
		done
	done
	flow_wait kept
	t_is "$changes changes under a flow that fits lose nothing" "$(flow kept '"\(.ended) \(.lost)"')" "true 0"
}

# Offered 60 over 20: the queue grows by 5 kB a ms; back to 100 before its limit of 512 KiB: it has
# kept all. On a machine that stops for 100 ms in between it overflows; that says nothing.
queued() {
	local attempt arrived_before full_before
	for attempt in 1 2 3; do
		full_before=$(full_drops)
		arrived_before=$(datagrams)
		lab_ctl rate set "$link" static=100Mbps >/dev/null
		flow_start queued v1a v1b 10.0.2.2 7002 -r 60e6 -t 2
		wait_for 5 arrived $((arrived_before + 1000))
		lab_ctl rate set "$link" static=20Mbps >/dev/null
		lab_ctl rate set "$link" static=100Mbps >/dev/null
		flow_wait queued
		[ "$(full_drops)" != "$full_before" ] || break
		t_diag "attempt $attempt: the queue overflowed"
	done
	t_is "what was queued at the change is sent" "$(flow queued '"\(.ended) \(.lost)"')" "true 0"
}

t_attempts 3 change
kept
queued

t_status "min above the port's share is infeasible" 3 lab_ctl rate set "$link" min=2Gbps max=3Gbps
t_match "and says by how much" "$T_OUT" '[0-9]'
t_is "and changes nothing" "$(lab_ctl -j rate show "$link" | jq -r '.[0].granted_bps')" 100000000
t_status "min above max is infeasible" 3 lab_ctl rate set "$link" min=30Mbps max=20Mbps
t_status "an unknown link is refused" 1 lab_ctl rate set vpxi1/vr1/nosuch static=1Mbps
t_status "a rate that is none is bad usage" 2 lab_ctl rate set "$link" static=fast
t_conserved "every packet is accounted for"
t_done
