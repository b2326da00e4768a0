#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# The same over AF_PACKET ports, for kernels without AF_XDP. No fragments: DPDK's driver has the kernel
# put them together, and cuts what is then longer than its ring's frames.
#
#   v1a 10.0.1.2 --- p1a vpxi1/vr1 p1b --- v1b 10.0.2.2     50 Mbit/s, all AF_PACKET
# shellcheck source=test/netns/lib/tap.sh
. "$(dirname "$0")/lib/tap.sh"

LAB_DRIVER=net_af_packet
lab_begin
lab_vpxi 1
lab_site 50Mbps >"$LAB_DIR/site.yaml"
t_start "$LAB_DIR/site.yaml"
t_is "the ports are AF_PACKET's" "$(lab_ctl -j port list | jq -r '.[].device' | cut -d, -f1 | tr '\n' ' ')" \
	"net_af_packet0 net_af_packet1 "
t_wait "the hosts reach each other" 10 lab_reachable v1a 10.0.2.2
t_is "50 of 50 pings come back" "$(lab_ping v1a 10.0.2.2 50 0.01)" "50 50"
t_match "the TTL of a reply is one less" "$(lab_in v1a ping -n -c 1 -W 1 10.0.2.2)" 'ttl=63 '
rates() {
	flow_start below v1a v1b 10.0.2.2 7000 -r 45e6 -t 3
	flow_wait below
	t_within "CF 0.9: loss" "$(flow_loss below)" 0 0.0017
	flow_start at v1a v1b 10.0.2.2 7001 -r 50e6 -t 3
	flow_wait at
	t_within "CF 1.0: rate" "$(flow_mbps at)" 49.5 50.5
}

t_attempts 3 rates
t_conserved "every packet is accounted for"
lab_router_stop TERM
t_is "SIGTERM: exit status" "$?" 0
t_done
