#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Tunnels to the kernel's VXLAN device, over IPv4 and IPv6: what two VPXIs with the same addresses
# see of it. The backbone's MTU is 1600, so 1500 bytes pass inside.
#
#   v1a 10.0.1.2 --- p1a vpxi1/vr1 tunnel \              / vxlan, VNI 5001, over IPv4: v1b 10.0.2.2
#                                          pw --- wan ---
#   v2a 10.0.1.2 --- p2a vpxi2/vr1 tunnel /              \ vxlan, VNI 5002, over IPv6: v2b 10.0.2.2
# shellcheck source=test/netns/lib/tap.sh
. "$(dirname "$0")/lib/tap.sh"

lab_begin
lab_probe
LAB_IPV6=1 lab_host v1a p1a 10.0.1.2/24 10.0.1.1
lab_host v2a p2a 10.0.1.2/24 10.0.1.1
LAB_IPV6=1 lab_host wan pw 192.0.2.2/24 192.0.2.1 1600
{ ip -n "$LAB-wan" addr add 2001:db8:f::2/64 dev eth0 nodad &&
	ip -n "$LAB-v1a" addr add 2001:db8:1::2/64 dev eth0 nodad &&
	ip -n "$LAB-v1a" -6 route add default via 2001:db8:1::1; } || t_bail "no IPv6"

# peer NAME VNI OPTION...: a namespace whose eth0 is a VXLAN device with its underlay in wan.
peer() {
	local name=$1 vni=$2
	shift 2
	if ! { ip netns add "$LAB-$name" && lab_quiet "$name" &&
		ip -n "$LAB-wan" link add "vx$vni" type vxlan id "$vni" dstport 4789 dev eth0 "$@" &&
		ip -n "$LAB-wan" link set "vx$vni" netns "$LAB-$name" name eth0 mtu 1500 &&
		ip -n "$LAB-$name" addr add 10.0.2.2/24 dev eth0 &&
		ip -n "$LAB-$name" link set eth0 up &&
		ip -n "$LAB-$name" route add default via 10.0.2.1; }; then
		t_bail "the kernel makes no VXLAN device"
	fi
}
LAB_IPV6=1 peer v1b 5001 local 192.0.2.2 remote 192.0.2.1
peer v2b 5002 local 2001:db8:f::2 remote 2001:db8:f::1 udp6zerocsumtx udp6zerocsumrx

{
	lab_site_head | sed '/name: pw,/s|capacity|role: backbone, mtu: 1600, address: [192.0.2.1/24, "2001:db8:f::1/64"], capacity|'
	printf 'vpxis:\n'
	for n in 1 2; do
		remote=192.0.2.2 lan=', "2001:db8:1::1/64"' far=', "2001:db8:2::1/64"'
		extra=', ra: {interval: 4s, lifetime: 60s}, rpf: strict, filter: {in: [{name: seven, action: drop, proto: icmp, from: 10.0.2.7/32}]}'
		[ "$n" = 1 ] || remote=2001:db8:f::2 lan='' far='' extra=''
		cat <<-END
		  - name: vpxi$n
		    routers:
		      - name: vr1
		        slice: s0
		        interfaces:
		          - {name: a, port: p${n}a, address: [10.0.1.1/24$lan]}
		          - {name: t, port: pw, address: [10.0.2.1/24$far], tunnel: {type: vxlan, remote: "$remote", vni: 500$n}, mtu: 1500$extra}
		END
	done
} >"$LAB_DIR/site.yaml"
# 1500 and 70 bytes of headers over IPv6 fit.
t_status "--check has nothing to say" 0 lab_in router "$HPSROUTERD" -c "$LAB_DIR/site.yaml" --check
t_is "--check: no warning" "$T_OUT" ""
t_start "$LAB_DIR/site.yaml"
t_diag "ports: $LAB_DRIVER"

tcp_mbps() {
	lab_in "$1" taskset -c "$(lab_host_cpus)" iperf3 -J -c 10.0.2.2 -t 2 "${@:2}" |
		jq '.end.sum_received.bits_per_second / 1e6'
}

for n in 1 2; do
	t_wait "vpxi$n: the hosts reach each other" 20 lab_reachable "v${n}a" 10.0.2.2
	t_is "vpxi$n: 50 of 50 pings come back" "$(lab_ping "v${n}a" 10.0.2.2 50 0.01)" "50 50"
	t_is "vpxi$n: 20 of 20 the other way" "$(lab_ping "v${n}b" 10.0.1.2 20 0.01)" "20 20"
	t_status "vpxi$n: 1500 bytes with DF pass" 0 \
		lab_in "v${n}a" ping -n -c 3 -i 0.05 -W 1 -M "do" -s 1472 10.0.2.2
	lab_job "v${n}b" iperf3 -s >/dev/null
	t_wait "vpxi$n: iperf3 listens" 5 tcp_listening "v${n}b" 5201
	t_within "vpxi$n: TCP into the tunnel, Mbit/s" "$(tcp_mbps "v${n}a")" 50 100000
	t_within "vpxi$n: TCP out of the tunnel, Mbit/s" "$(tcp_mbps "v${n}a" -R)" 50 100000
done

# ---- neighbours, advertisements, filters and the reverse-path check, in the tunnel ----
autoconfigured() {
	lab_in v1b ip -6 addr show dev eth0 scope global | grep -q '2001:db8:2:.*dynamic' &&
		lab_in v1b ip -6 route show default | grep -q 'via fe80::.* proto ra'
}
t_wait "the far host has configured itself by an advertisement" 30 autoconfigured
t_wait "IPv6 through the tunnel" 20 lab_reachable v1b 2001:db8:1::2
t_status "and 1500 bytes" 0 lab_in v1b ping -n -q -c 3 -i 0.05 -W 1 -M "do" -s 1452 2001:db8:1::2
ip -n "$LAB-v1b" addr add 10.0.2.7/24 dev eth0
ip -n "$LAB-v1b" addr add 10.0.1.9/32 dev eth0
t_status "what the filter drops does not pass" 1 lab_in v1b ping -n -c 3 -i 0.05 -W 1 -I 10.0.2.7 10.0.1.2
t_is "and is counted" "$(t_stat '.drops.filter_in // 0')" 3
t_status "a source of another network does not pass" 1 \
	lab_in v1b ping -n -c 3 -i 0.05 -W 1 -I 10.0.1.9 10.0.1.2
t_is "and is counted" "$(t_stat '.drops.rpf // 0')" 3
t_status "the others do" 0 lab_in v1b ping -n -q -c 3 -i 0.05 -W 1 10.0.1.2

t_is "the tunnels know their way" \
	"$(lab_ctl -j port list | jq -r '.[] | select(.port == "pw").underlay | "\(.tunnels) \(.tunnels_resolved)"')" "2 2"
t_status "the backbone port answers a ping" 0 lab_in wan ping -n -c 3 -i 0.05 -W 1 192.0.2.1
t_status "a tenant does not reach it" 1 lab_in v1a ping -n -c 1 -W 1 192.0.2.1
t_is "no frame was of no tunnel" "$(t_stat '.drops.tunnel_unknown // 0')" 0
t_conserved "every packet is accounted for"
t_done
