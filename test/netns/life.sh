#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# The life of one virtual router beside another, and the exit codes and JSON of hpsrctl.
#
#   v1a 10.0.1.2 --- p1a vpxi1/vr1 p1b --- v1b 10.0.2.2     stopped, started, suspended, resumed
#   v2a 10.0.1.2 --- p2a vpxi2/vr1 p2b --- v2b 10.0.2.2     must not notice
# shellcheck source=test/netns/lib/tap.sh
. "$(dirname "$0")/lib/tap.sh"

lab_begin
lab_probe
lab_vpxi 1
lab_vpxi 2
lab_site - 100Mbps >"$LAB_DIR/site.yaml"
t_start "$LAB_DIR/site.yaml"
for n in 1 2; do
	lab_warm "$n" || t_bail "hosts of vpxi$n do not reach each other"
done

state() {
	lab_ctl -j vrouter show vpxi1/vr1 | jq -r .state
}

flow_start beside v2a v2b 10.0.2.2 7000 -r 50e6 -t 5
t_is "it runs" "$(state)" running
t_status "stop" 0 lab_ctl vrouter stop vpxi1/vr1
t_is "stopped" "$(state)" stopped
t_is "stopped: no ping comes back" "$(lab_ping v1a 10.0.2.2 3)" "3 0"
t_within "stopped: drops are counted as vr_down" \
	"$(t_stat '[.vrouters[] | select(.vrouter == "vpxi1/vr1") | .drops.vr_down // 0] | add')" 3 100
t_status "start" 0 lab_ctl vrouter start vpxi1/vr1
t_wait "started: pings come back" 5 lab_reachable v1a 10.0.2.2
t_status "suspend" 0 lab_ctl vrouter suspend vpxi1/vr1
t_is "suspended" "$(state)" suspended
t_is "suspended: no ping comes back" "$(lab_ping v1a 10.0.2.2 3)" "3 0"
t_status "resume" 0 lab_ctl vrouter resume vpxi1/vr1
t_is "resumed: pings come back at once" "$(lab_ping v1a 10.0.2.2 3)" "3 3"
t_status "restart" 0 lab_ctl vrouter restart vpxi1/vr1
t_is "running again" "$(state)" running
t_wait "restarted: pings come back" 5 lab_reachable v1a 10.0.2.2
flow_wait beside
t_is "the router beside it lost nothing" "$(flow beside '"\(.ended) \(.lost)"')" "true 0"

t_status "route add" 0 lab_ctl route add vpxi1/vr1 10.9.0.0/16 via 10.0.2.2
ip -n "$LAB-v1b" addr add 10.9.0.1/32 dev lo
t_is "the route is used" "$(lab_ping v1a 10.9.0.1 3)" "3 3"
t_status "route add via no neighbour's network is refused" 1 \
	lab_ctl route add vpxi1/vr1 10.10.0.0/16 via 10.77.0.1
t_status "route del" 0 lab_ctl route del vpxi1/vr1 10.9.0.0/16
t_is "the route is gone" "$(lab_ping v1a 10.9.0.1 3)" "3 0"
t_status "route del of none is refused" 1 lab_ctl route del vpxi1/vr1 10.9.0.0/16

for command in status "vrouter list" "vrouter show vpxi1/vr1" "route list vpxi1/vr1" \
	"neighbor list vpxi1/vr1" "rate show" "stats" "stats vpxi1/vr1" "latency" "port list" \
	"slice list" "vpxi list" "allocate --capacity 2Gbps 100Mbps:500Mbps 800Mbps:1500Mbps"; do
	# shellcheck disable=SC2086 # words
	t_status "$command: a table, exit 0" 0 lab_ctl $command
	# shellcheck disable=SC2086 # words
	t_status "-j $command: JSON, exit 0" 0 lab_ctl -j $command
	t_is "-j $command: one document" "$(jq -s length <<<"$T_OUT" 2>&1)" 1
done
t_status "an unknown router is refused: exit 1" 1 lab_ctl vrouter show vpxi1/nosuch
t_match "with its name" "$T_OUT" 'vpxi1/nosuch'
t_status "-j: so in JSON on stderr" 1 lab_ctl -j vrouter show vpxi1/nosuch
t_is "-j: with a message" "$(jq -r '.error.message | length > 0' <<<"$T_OUT" 2>&1)" true
t_status "an unknown command: exit 2" 2 lab_ctl nosuch
t_status "a missing argument: exit 2" 2 lab_ctl vrouter show
t_status "an infeasible allocation: exit 3" 3 lab_ctl allocate --capacity 100Mbps 80Mbps:90Mbps 30Mbps:40Mbps
t_match "says by how much" "$T_OUT" '10'
t_status "no daemon at the socket: exit 4" 4 "$HPSRCTL" -s "$LAB_DIR/nosuch.sock" status
t_within "latency is measured" "$(lab_ctl -j vrouter show vpxi2/vr1 | jq .latency_us.p50)" 0.01 100000
latency() {
	lab_ctl -j latency vpxi2/vr1 "${@:2}" | jq "$1"
}
t_is "each packet that is forwarded counts" "$(($(latency '.[0].latency_us.count') >= 20))" 1
# Half as much again as its link lets pass: some waits, whatever the machine does.
flow_start over v2a v2b 10.0.2.2 7001 -r 150e6 -t 1
flow_wait over
t_is "waits are told apart, and no longer than it took" \
	"$(latency '.[0] | .queueing_us.count > 0 and .queueing_us.max <= .latency_us.max * 1.07')" true
t_is "--reset tells what there was" "$(($(latency '.[0].latency_us.count' --reset) >= 20))" 1
t_is "and begins anew" "$(latency '[.[0].latency_us.count, .[0].latency_us.max, .[0].reset] | @json')" '"[0,0,true]"'
t_is "10 of 10 pings come back" "$(lab_ping v2a 10.0.2.2 10 0.01)" "10 10"
t_is "20 packets count since" "$(latency '.[0].latency_us.count')" 20
window_counts() {
	[ "$(latency '.[0].window_latency_us.count' --window 5s)" -ge 20 ]
}
t_wait "and in the last seconds" 5 window_counts
t_status "a window of a fraction: exit 2" 2 lab_ctl latency --window 1.5s
t_match "as text" "$(lab_ctl latency)" '^vpxi2/vr1 +reset +packets '
t_conserved "every packet is accounted for"
t_done
