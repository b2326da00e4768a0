#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Both families through one virtual router: ping, the errors that hosts see, path MTU, TCP.
#
#   v1a 10.0.1.2, 2001:db8:1::2 --- p1a vpxi1/vr1 p1b --- v1b 10.0.2.2, 2001:db8:2::2
#   MTU 1500 at a, 1400 at b
#   v1c 10.0.3.2 --- p1c: configures itself by the router's advertisements
# shellcheck source=test/netns/lib/tap.sh
. "$(dirname "$0")/lib/tap.sh"

lab_begin
lab_probe
LAB_IPV6=1 # of the hosts only: the router's own namespace stays without
lab_host v1a p1a 10.0.1.2/24 10.0.1.1
lab_host v1b p1b 10.0.2.2/24 10.0.2.1 1400
lab_host v1c p1c 10.0.3.2/24 10.0.3.1

# host6 NAME ADDRESS/LENGTH GATEWAY
host6() {
	if ! { ip -n "$LAB-$1" addr add "$2" dev eth0 nodad &&
		ip -n "$LAB-$1" route add default via "$3" dev eth0 metric 10; }; then
		t_bail "host $1: no IPv6"
	fi
}
host6 v1a 2001:db8:1::2/64 2001:db8:1::1
host6 v1b 2001:db8:2::2/64 2001:db8:2::1

{
	lab_site_head | sed '/name: p1b,/s/capacity/mtu: 1400, capacity/'
	cat <<-END
	vpxis:
	  - name: vpxi1
	    routers:
	      - name: vr1
	        slice: s0
	        interfaces:
	          - {name: a, port: p1a, address: [10.0.1.1/24, "2001:db8:1::1/64"]}
	          - {name: b, port: p1b, address: [10.0.2.1/24, "2001:db8:2::1/64"]}
	          - {name: c, port: p1c, address: [10.0.3.1/24, "2001:db8:3::1/64"], ra: {interval: 1m}}
	END
} >"$LAB_DIR/site.yaml"
t_status "--check has nothing to say" 0 lab_in router "$HPSROUTERD" -c "$LAB_DIR/site.yaml" --check
t_start "$LAB_DIR/site.yaml"
t_diag "ports: $LAB_DRIVER"

b=2001:db8:2::2
t_wait "the hosts reach each other over IPv6" 10 lab_reachable v1a "$b"
t_wait "and over IPv4" 10 lab_reachable v1a 10.0.2.2
t_is "50 of 50 pings come back" "$(lab_ping v1a "$b" 50 0.01)" "50 50"
t_is "20 of 20 the other way" "$(lab_ping v1b 2001:db8:1::2 20 0.01)" "20 20"
t_is "20 of 20 over IPv4" "$(lab_ping v1a 10.0.2.2 20 0.01)" "20 20"
t_is "the router's address on this side answers" "$(lab_ping v1a 2001:db8:1::1 5)" "5 5"
t_is "the router's address on the far side answers" "$(lab_ping v1a 2001:db8:2::1 5)" "5 5"
t_is "all routers of the network: one answers" \
	"$(lab_in v1a ping -n -q -c 3 -i 0.1 -W 1 -I eth0 ff02::2 | grep -oE '[0-9] received')" "3 received"
t_match "the hop limit of a reply is one less" "$(lab_in v1a ping -n -c 1 -W 1 "$b")" 'ttl=63 '

t_status "hop limit 1: no reply" 1 lab_in v1a ping -n -c 1 -W 2 -t 1 "$b"
t_match "hop limit 1: the router says time exceeded" "$T_OUT" \
	'^From 2001:db8:1::1 .*Time exceeded: Hop limit'
t_status "no route: no reply" 1 lab_in v1a ping -n -c 1 -W 2 2001:db8:99::1
t_match "no route: the router says so" "$T_OUT" \
	'^From 2001:db8:1::1 .*Destination unreachable: No route'
t_status "absent host: no reply" 1 lab_in v1a ping -n -c 1 -W 8 2001:db8:2::99
t_match "absent host: the router says address unreachable" "$T_OUT" \
	'^From 2001:db8:1::1 .*Destination unreachable: Address unreachable'
t_status "1500 bytes into MTU 1400: no reply" 1 \
	lab_in v1a ping -n -c 1 -W 2 -M "do" -s 1452 "$b"
t_match "1500 bytes into MTU 1400: packet too big, with the MTU" "$T_OUT" \
	'^From 2001:db8:1::1 .*Packet too big: mtu=1400'
t_match "the host has learnt the path MTU" "$(lab_in v1a ip -6 route get "$b")" 'mtu 1400'
t_status "fragments of the host's own pass" 0 lab_in v1a ping -n -q -c 3 -i 0.1 -W 2 -M dont -s 3000 "$b"

# What an advertisement gives a host: an address, a default route, the MTU.
autoconfigured() {
	lab_in v1c ip -6 addr show dev eth0 scope global | grep -q '2001:db8:3:.*dynamic' &&
		lab_in v1c ip -6 route show default | grep -q 'via fe80::.* proto ra'
}
t_wait "a host has configured itself by an advertisement" 30 autoconfigured
t_wait "and reaches another network" 10 lab_reachable v1c "$b"

# goodput ADDRESS [IPERF3 OPTION]: Mbit/s as received.
goodput() {
	local address=$1
	shift
	lab_job v1b taskset -c "$(lab_host_cpus)" iperf3 -s -1 >/dev/null 2>&1
	wait_for 5 tcp_listening v1b 5201 || return
	lab_in v1a taskset -c "$(lab_host_cpus)" iperf3 -c "$address" -t 3 -J "$@" |
		jq '.end.sum_received.bits_per_second / 1e6 * 100 | round / 100'
	wait "$LAB_JOB"
}
t_within "TCP over IPv6, a to b: Mbit/s" "$(goodput "$b")" 50 100000
t_within "TCP over IPv6, b to a: Mbit/s" "$(goodput "$b" -R)" 50 100000

# A host that takes another MAC, and says so, is reached at once.
lab_in v1b tee /proc/sys/net/ipv6/conf/eth0/ndisc_notify <<<1 >/dev/null
lab_in v1b ip link set eth0 address 02:00:00:00:99:01
t_wait "a host with a new MAC is reached again" 5 lab_reachable v1a "$b"

neighbors=$(lab_ctl -j neighbor list vpxi1/vr1 | jq -r '.[].address')
t_match "the router knows a" "$neighbors" '^2001:db8:1::2$'
t_match "the router knows b" "$neighbors" '^2001:db8:2::2$'
routes() {
	lab_ctl -j route list vpxi1/vr1 | jq -r '.. | .to? // empty'
}
t_match "the routes show the IPv6 networks" "$(routes)" '^2001:db8:1::/64$'
t_status "an IPv6 route is added" 0 lab_ctl route add vpxi1/vr1 2001:db8:99::/48 via "$b"
lab_in v1b ip -6 addr add 2001:db8:99::1/128 dev lo
t_wait "and used" 5 lab_reachable v1a 2001:db8:99::1
t_status "and deleted" 0 lab_ctl route del vpxi1/vr1 2001:db8:99::/48
t_status "then there is none" 1 lab_in v1a ping -n -c 1 -W 1 2001:db8:99::1
t_is "drops are counted by reason" \
	"$(t_stat '.drops | [.ttl_expired > 0, .no_route > 0, .mtu_exceeded > 0] | join(" ")')" \
	"true true true"
t_conserved "every packet is accounted for"
t_done
