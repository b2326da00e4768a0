#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# `idle: sleep`: a router that has nothing to do takes next to nothing of its CPU, and forwards the
# first packet soon; it is as fast as ever behind that. `idle: poll` never sleeps.
#
#   v1a 10.0.1.2 --- p1a vpxi1/vr1 p1b --- v1b 10.0.2.2
#   v2a 10.0.1.2 --- p2a vpxi2/vr1 p2b --- v2b 10.0.2.2
# shellcheck source=test/netns/lib/tap.sh
. "$(dirname "$0")/lib/tap.sh"

SHARE_MAX=5      # per cent of a CPU that a worker without packets may take
FIRST_MAX=200000 # nanoseconds: the first packet after a second without any, median of the rounds
SOON_US=200      # packets sent so long after the first
SOON_MAX=50000   # find the worker awake: nanoseconds, likewise
CALL_MAX=1000000 # nanoseconds until all workers have a new rate

lab_begin
lab_probe
lab_vpxi 1
lab_vpxi 2

# cpu_ns LCORE: what the worker there has had of its CPU.
cpu_ns() {
	local task
	for task in "/proc/$LAB_PID/task"/*; do
		[ "$(cat "$task/comm")" != "rte-worker-$1" ] || cut -d ' ' -f 1 "$task/schedstat"
	done
}

# cpu_share LCORE SECONDS: in per cent.
cpu_share() {
	local before after start end
	before=$(cpu_ns "$1") start=$(date +%s%N)
	sleep "$2"
	after=$(cpu_ns "$1") end=$(date +%s%N)
	awk -v cpu=$((after - before)) -v all=$((end - start)) 'BEGIN { print 100 * cpu / all }'
}

first_packets() {
	taskset -c "$(lab_host_cpus)" "$HPSR_BUILD/test/tools/firstpacket" "$LAB-v1a" "$LAB-v1b" \
		10.0.2.2 7001 -n 7 -b 8 -g 50 -i 1000 >"$LAB_DIR/first.json" || t_bail "firstpacket"
}

first_is_soon() {
	first_packets
	t_within "the first packet after a second is forwarded within 200 us [ns]" \
		"$(jq '.packets[0].median_ns' "$LAB_DIR/first.json")" 0 "$FIRST_MAX"
	t_within "$SOON_US us later packets pass at once [ns]" \
		"$(jq ".packets[] | select(.sent_after_us == $SOON_US) | .median_ns" "$LAB_DIR/first.json")" \
		0 "$SOON_MAX"
	t_diag "first packets: $(jq -c '.packets[0].delays_ns' "$LAB_DIR/first.json")"
}

nothing_is_lost() {
	t_is "no packet of all rounds was lost" \
		"$(jq '[.packets[].delays_ns[] | select(. < 0)] | length' "$LAB_DIR/first.json")" 0
}

share_is_small() {
	t_within "without packets the worker takes less than $SHARE_MAX % of its CPU" \
		"$(cpu_share 1 2)" 0 "$SHARE_MAX"
}

# Each call finds the worker asleep.
rate_is_set() {
	local took=() i
	for i in 1 2 3 4 5; do
		sleep 0.2
		took+=("$(lab_ctl -j rate set vpxi1/vr1/b static="$((100 + i))Mbps" | jq .took_ns)")
	done
	t_within "a rate is set within 1 ms, best of 5 [ns]" \
		"$(printf '%s\n' "${took[@]}" | sort -n | head -n 1)" 1 "$CALL_MAX"
	# Nobody waits until it looks by itself.
	t_within "and soon each time [ns]" "$(printf '%s\n' "${took[@]}" | sort -n | tail -n 1)" \
		1 $((50 * CALL_MAX))
}

probe_driver=$LAB_DRIVER
for LAB_DRIVER in $(printf '%s\n' "$probe_driver" net_af_packet | sort -u); do
	t_diag "--- idle: sleep, $LAB_DRIVER"
	LAB_IDLE="sleep" lab_site 200Mbps - >"$LAB_DIR/site.yaml"
	t_start "$LAB_DIR/site.yaml"
	lab_warm 1 || t_bail "hosts of vpxi1 do not reach each other"
	t_attempts 3 share_is_small
	t_attempts 5 first_is_soon
	nothing_is_lost
	t_attempts 3 rate_is_set
	t_is "100 of 100 pings come back, each finds it asleep" "$(lab_ping v1a 10.0.2.2 100 0.02)" "100 100"
	# What waits for its turn at a virtual link is sent in time: 2 s at twice the rate.
	flow_start shaped v1a v1b 10.0.2.2 7002 -r 200000000 -t 2
	flow_wait shaped
	t_within "a shaped flow has its rate [Mbit/s]" "$(flow_mbps shaped)" 85 106
	t_conserved "every packet is accounted for"
	t_attempts 3 share_is_small
	lab_router_stop TERM
	t_is "it stops as asked" $? 0
done
LAB_DRIVER=$probe_driver

t_diag "--- idle: poll"
LAB_IDLE=poll lab_site - - >"$LAB_DIR/site.yaml"
t_start "$LAB_DIR/site.yaml"
lab_warm 1 || t_bail "hosts of vpxi1 do not reach each other"
polls() {
	t_within "a worker that polls takes its CPU" "$(cpu_share 1 1)" 50 101
}
t_attempts 3 polls
lab_router_stop TERM

# The ports stay with the worker that they came to; their router moves to another, which they wake,
# and which wakes them.
t_diag "--- two workers asleep"
LAB_IDLE="sleep" lab_site - - | sed '/name: s0/p; s/name: s0, lcores: \[1\]/name: s1, lcores: [2]/' \
	>"$LAB_DIR/site.yaml"
t_start "$LAB_DIR/site.yaml"
for n in 1 2; do
	lab_warm "$n" || t_bail "hosts of vpxi$n do not reach each other"
done
sed -i '/name: vpxi1/,/name: vpxi2/s/slice: s0/slice: s1/' "$LAB_DIR/site.yaml"
t_status "vpxi1 moves to the other slice" 0 lab_ctl reload
t_is "the routers are on two workers, the ports on one" \
	"$(lab_ctl -j vrouter list | jq -c '[.[].worker] | sort') $(lab_ctl -j port list | jq -c '[.[].worker] | unique')" \
	"[1,2] [1]"
lab_warm 1 || t_bail "hosts of vpxi1 do not reach each other"
# A wake-up that is lost shows as 100 ms, when the sleeper looks at its links.
round_trips() {
	local n
	for n in 1 2; do
		t_within "vpxi$n: pings that find all asleep come back soon [ms]" \
			"$(lab_in "v${n}a" ping -n -q -c 8 -i 0.3 10.0.2.2 | sed -n 's|^rtt.*= [0-9.]*/[0-9.]*/\([0-9.]*\)/.*|\1|p')" \
			0 50
	done
}
t_attempts 3 round_trips
t_conserved "every packet is accounted for"
t_done
