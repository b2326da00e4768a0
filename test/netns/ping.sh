#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Ping through virtual routers and to them, and the ICMP errors that hosts see.
#
#   v1a 10.0.1.2 --- p1a vpxi1/vr1 p1b --- v1b 10.0.2.2     MTU 1500 on both sides
#   v2a 10.0.1.2 --- p2a vpxi2/vr1 p2b --- v2b 10.0.2.2     MTU 1500 and 1400
# shellcheck source=test/netns/lib/tap.sh
. "$(dirname "$0")/lib/tap.sh"

lab_begin
lab_probe
lab_vpxi 1
lab_host v2a p2a 10.0.1.2/24 10.0.1.1
lab_host v2b p2b 10.0.2.2/24 10.0.2.1 1400
lab_site - - | sed '/name: p2b,/s/capacity/mtu: 1400, capacity/' >"$LAB_DIR/site.yaml"
t_start "$LAB_DIR/site.yaml"
t_diag "ports: $LAB_DRIVER"

for n in 1 2; do
	t_wait "vpxi$n: its hosts reach each other" 10 lab_reachable "v${n}a" 10.0.2.2
	t_is "vpxi$n: 50 of 50 pings come back" "$(lab_ping "v${n}a" 10.0.2.2 50 0.01)" "50 50"
	t_is "vpxi$n: 20 of 20 the other way" "$(lab_ping "v${n}b" 10.0.1.2 20 0.01)" "20 20"
done
t_is "the router's address on this side answers" "$(lab_ping v1a 10.0.1.1 5)" "5 5"
t_is "the router's address on the far side answers" "$(lab_ping v1a 10.0.2.1 5)" "5 5"
t_match "the TTL of a reply is one less" "$(lab_in v1a ping -n -c 1 -W 1 10.0.2.2)" 'ttl=63 '
t_is "4000 bytes in fragments pass" \
	"$(lab_in v1a ping -n -q -c 5 -i 0.05 -W 1 -s 4000 10.0.2.2 | grep -o '5 received')" "5 received"

t_status "TTL 1: no reply" 1 lab_in v1a ping -n -c 1 -W 2 -t 1 10.0.2.2
t_match "TTL 1: the router says time exceeded" "$T_OUT" '^From 10\.0\.1\.1 .*Time to live exceeded'
t_status "no route: no reply" 1 lab_in v1a ping -n -c 1 -W 2 192.0.2.1
t_match "no route: the router says net unreachable" "$T_OUT" \
	'^From 10\.0\.1\.1 .*Destination Net Unreachable'
t_status "absent host: no reply" 1 lab_in v1a ping -n -c 1 -W 8 10.0.2.99
t_match "absent host: the router says host unreachable" "$T_OUT" \
	'^From 10\.0\.1\.1 .*Destination Host Unreachable'

t_status "1500 bytes with DF into MTU 1400: no reply" 1 \
	lab_in v2a ping -n -c 1 -W 2 -M "do" -s 1472 10.0.2.2
t_match "1500 bytes with DF into MTU 1400: frag needed, with the MTU" "$T_OUT" \
	'^From 10\.0\.1\.1 .*Frag needed and DF set \(mtu = 1400\)'
# The kernel has learnt the path MTU from that; it shall not split by itself.
lab_in v2a ip route flush cache
t_status "1500 bytes without DF into MTU 1400 arrive in fragments" 0 \
	lab_in v2a ping -n -c 3 -i 0.05 -W 2 -M dont -s 1472 10.0.2.2

t_is "vpxi1 knows both hosts" "$(lab_ctl -j neighbor list vpxi1/vr1 | jq -r '[.[].address] - ["10.0.2.99"] | sort | join(" ")')" \
	"10.0.1.2 10.0.2.2"
t_is "drops are counted by reason" "$(t_stat '.drops | [.ttl_expired, .no_route, .mtu_exceeded] | join(" ")')" "1 1 1"
t_conserved "every packet is accounted for"
t_done
