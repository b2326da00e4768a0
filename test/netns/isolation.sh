#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Two VPXIs with the same addresses, and with addresses that only one of them has: no packet of one
# reaches a host of the other.
#
#   v1a 10.0.1.2 --- p1a vpxi1/vr1 p1b --- v1b 10.0.2.2, 10.0.2.11
#   v2a 10.0.1.2 --- p2a vpxi2/vr1 p2b --- v2b 10.0.2.2, 10.0.2.12, also 10.9.0.1 behind it
# shellcheck source=test/netns/lib/tap.sh
. "$(dirname "$0")/lib/tap.sh"

lab_begin
lab_probe
for n in 1 2; do
	lab_vpxi "$n"
	ip -n "$LAB-v${n}b" addr add "10.0.2.1$n/24" dev eth0
done
# The MACs of both VPXIs' hosts are the same, too.
for side in a b; do
	for n in 1 2; do
		ip -n "$LAB-v$n$side" link set eth0 address "02:00:00:00:00:0${side/b/e}"
	done
done
ip -n "$LAB-v2b" addr add 10.9.0.1/32 dev lo
{
	lab_site - -
	printf '        routes:\n          - {to: 10.9.0.0/16, via: 10.0.2.2}\n'
} >"$LAB_DIR/site.yaml"
t_start "$LAB_DIR/site.yaml"
for n in 1 2; do
	lab_warm "$n" || t_bail "hosts of vpxi$n do not reach each other"
done

# echoes HOST: echo requests that this host's kernel has got.
echoes() {
	lab_in "$1" awk '/^Icmp:/ && !n { for (i = 1; i <= NF; i++) if ($i == "InEchos") n = i; next }
		/^Icmp:/ { print $n }' /proc/net/snmp
}

packets() {
	lab_in "$1" cat /sys/class/net/eth0/statistics/rx_packets
}

before1=$(echoes v1b) before2=$(echoes v2b) quiet=$(packets v2b)
t_is "vpxi1: 30 of 30 pings to the shared address" "$(lab_ping v1a 10.0.2.2 30 0.01)" "30 30"
t_is "vpxi1's own host got all 30" "$(($(echoes v1b) - before1))" 30
t_is "vpxi2's host of the same address got none" "$(($(echoes v2b) - before2))" 0
t_is "vpxi2's host got no frame at all" "$(($(packets v2b) - quiet))" 0

t_is "vpxi1 reaches its own second address" "$(lab_ping v1a 10.0.2.11 3)" "3 3"
t_is "vpxi2 reaches its own second address" "$(lab_ping v2a 10.0.2.12 3)" "3 3"
t_is "vpxi1 does not reach vpxi2's" "$(lab_ping v1a 10.0.2.12 3)" "3 0"
t_is "vpxi2 does not reach vpxi1's" "$(lab_ping v2a 10.0.2.11 3)" "3 0"
t_is "vpxi2 has its route" "$(lab_ping v2a 10.9.0.1 3)" "3 3"
t_is "vpxi1 does not" "$(lab_ping v1a 10.9.0.1 3)" "3 0"

# A route added live stays in its VPXI.
t_status "a route is added to vpxi1" 0 lab_ctl route add vpxi1/vr1 10.8.0.0/16 via 10.0.2.2
t_is "vpxi1 has it" "$(lab_ctl -j route list vpxi1/vr1 | grep -c '10\.8\.0\.0/16')" 1
t_is "vpxi2 does not" "$(lab_ctl -j route list vpxi2/vr1 | grep -c '10\.8\.0\.0/16')" 0

# Each VPXI's server says its name; each client must read its own VPXI's only.
for n in 1 2; do
	lab_name_server "v${n}b" 7000 "vpxi$n"
done
for n in 1 2; do
	wait_for 5 tcp_listening "v${n}b" 7000
	t_is "TCP of vpxi$n reads vpxi$n's name" \
		"$(lab_in "v${n}a" timeout 5 bash -c 'exec 3<>/dev/tcp/10.0.2.2/7000 && cat <&3')" "vpxi$n"
done
t_conserved "every packet is accounted for"
t_done
