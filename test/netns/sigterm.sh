#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# SIGTERM and SIGINT under load: exit 0 in under 2 seconds, and nothing left behind.
#
#   v1a 10.0.1.2 --- p1a vpxi1/vr1 p1b --- v1b 10.0.2.2     100 Mbit/s, offered 200
#   v2a 10.0.1.2 --- p2a vpxi2/vr1 p2b --- v2b 10.0.2.2     no rate, offered 200
# shellcheck source=test/netns/lib/tap.sh
. "$(dirname "$0")/lib/tap.sh"

lab_begin
lab_probe
lab_vpxi 1
lab_vpxi 2
lab_site 100Mbps - >"$LAB_DIR/site.yaml"

# links: the links of the router's namespace with what is configured on them (also by others: XDP
# programs, promiscuity, addresses, queues), without counters.
links() {
	ip -n "$LAB-router" -j -d addr show | jq -S 'map(del(.stats, .stats64))'
}

# Not those of another run beside this one.
namespaces() {
	ip netns list | awk -v own="$LAB-" '$1 !~ /^hpsr/ || index($1, own) == 1 { print $1 }' | sort
}

# Files of DPDK's runtime folder and of hugetlbfs that carry this site's name.
dpdk_files() {
	find /run/dpdk /var/run/dpdk /dev/hugepages /mnt/huge -name "*$LAB*" 2>/dev/null | sort -u
}

host_links() {
	ip -j link show | jq -S 'map({ifname, flags, mtu, address})'
}

# An AF_XDP program goes with the socket, a moment after the process.
as_before() {
	[ "$(links)" = "$before" ]
}

before=$(links) all_namespaces=$(namespaces) all_links=$(host_links)
huge=$(cat /proc/sys/vm/nr_hugepages)
for signal in TERM INT; do
	t_start "$LAB_DIR/site.yaml"
	for n in 1 2; do
		lab_warm "$n" || t_bail "hosts of vpxi$n do not reach each other"
		lab_job "v${n}a" "$T_UDPFLOW" send 10.0.2.2 7000 -r 200e6 -t 30 >/dev/null 2>&1
		senders[n]=$LAB_JOB
	done
	loaded() {
		[ "$(t_stat '[.vrouters[].rx_packets | select(. > 5000)] | length')" = 2 ]
	}
	t_wait "SIG$signal: both routers are under load" 10 loaded
	t_conserved "SIG$signal: every packet is accounted for under load"
	pid=$LAB_PID
	lab_router_stop "$signal"
	t_is "SIG$signal: exit status" "$?" 0
	t_within "SIG$signal: milliseconds" "${LAB_STOP_MS:-none}" 0 1999
	kill -TERM "${senders[@]}"
	wait "${senders[@]}" 2>/dev/null
	t_is "SIG$signal: no process is left" "$(ip netns pids "$LAB-router"; [ ! -d "/proc/$pid" ] || echo "$pid")" ""
	t_is "SIG$signal: no socket" "$(find "$LAB_DIR" -type s)" ""
	t_is "SIG$signal: no file of DPDK" "$(dpdk_files)" ""
	t_is "SIG$signal: the hugepages are as before" "$(cat /proc/sys/vm/nr_hugepages)" "$huge"
	if wait_for 2 as_before; then
		t_pass "SIG$signal: the ports are as before"
	else
		t_fail "SIG$signal: the ports are as before" \
			"$(diff <(printf '%s\n' "$before") <(links))"
	fi
	t_is "SIG$signal: no namespace" "$(namespaces)" "$all_namespaces"
	t_is "SIG$signal: the root namespace's links are as before" "$(host_links)" "$all_links"
done
t_done
