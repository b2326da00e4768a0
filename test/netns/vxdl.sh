#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# From the papers' requests to pings: each is planned, a daemon for each site starts in a namespace of
# its own, the VPXI is applied there, and kernel hosts in its access networks reach each other.
#
#   host -- VLAN of the VPXI -- lanN [hpsrouterd of site N] wanN -- bridge (the backbone) -- wanM ...
#                                        VXLAN or GRE from site to site, as planned
# shellcheck source=test/netns/lib/tap.sh
. "$(dirname "$0")/lib/tap.sh"
# shellcheck source=test/netns/lib/sites.sh
. "$(dirname "$0")/lib/sites.sh"

EXAMPLES=$HPSR_ROOT/config/examples
BEFORE=2026-11-30T00:00:00Z


# run NAME SUBSTRATE AT REQUEST...
run() {
	local name=$1 substrate=$2 at=$3 files=() request site
	shift 3
	for request in "$@"; do
		files+=("$EXAMPLES/vxdl/$request.xml")
	done
	sites_begin "$EXAMPLES/substrate/$substrate.yaml"
	t_status "$name: planned" 0 sites_plan "$BEFORE" "${files[@]}"
	for site in "${SITES[@]}"; do
		t_status "$name: $site.yaml passes --check" 0 "$HPSROUTERD" --check -c "$SITES_DIR/$site.yaml"
	done
	sites_start "$at" || t_bail "$name: the daemons start"
}

# reach WHAT FROM TO: 20 pings, all answered.
reach() {
	wait_for 10 lab_reachable "$2" "$(sites_address "$3")"
	t_is "$1" "$(lab_ping "$2" "$(sites_address "$3")" 20 0.02)" "20 20"
}

one_ping() {
	lab_in "$1" ping -n -c 1 -W 1 "$(sites_address "$2")"
}

# unreachable WHAT FROM TO
unreachable() {
	t_is "$1" "$(lab_ping "$2" "$(sites_address "$3")" 2 0.1)" "2 0"
}

# granted SITE LINK: bits per second.
granted() {
	sites_ctl "$1" -j rate show "$2" | jq '.[0].granted_bps'
}

# ---- paper 000, Figure 4: three VPXIs over three sites, two of them with the same addresses ----
three() {
	run three three-sites 2026-12-01T08:00:00Z vpxi1 vpxi2 vpxi3
	for n in 1 2 3; do
		sites_host "one$n" vpxi1 "lan$n"
		sites_host "two$n" vpxi2 "lv$((n + 3))"
		sites_host "three$n" vpxi3 "lan$n"
	done
	sites_switch
	for vpxi in vpxi1 vpxi2 vpxi3; do
		t_status "three: $vpxi applied" 0 sites_apply "$vpxi"
	done
	for pair in "1 2" "2 3" "1 3"; do
		read -r from to <<<"$pair"
		reach "VPXI 1: site $from to site $to" "one$from" "one$to"
		reach "VPXI 2: site $from to site $to" "two$from" "two$to"
	done
	unreachable "VPXI 3 waits for its lease" three1 three2
	t_is "VPXI 1's link has its maximum" "$(granted site1 vpxi1/r1/l12)" 500000000
	sites_each clock set 2026-12-01T10:00:00Z
	reach "VPXI 3 in its lease: site 1 to site 2" three1 three2
	reach "VPXI 3: site 1 to site 3" three1 three3
	reach "VPXI 1 with the same addresses beside it" one1 one2
	t_is "VPXI 3's link has what it asked for" "$(granted site1 vpxi3/r1/l12)" 300000000
	t_is "VPXI 1's gives way to it, down to what is left" "$(granted site1 vpxi1/r1/l12)" 200000000
	sites_each clock set 2026-12-01T11:00:00Z
	unreachable "VPXI 3 after its lease" three1 three2
	t_status "three: vpxi2 removed" 0 sites_each vpxi remove vpxi2
	unreachable "VPXI 2 when it is removed" two1 two2
	reach "VPXI 1 still" one3 one2
	sites_conserved "three: every packet is accounted for"
	sites_end
}

# ---- paper 000, Figure 2 and Table I ----
table1() {
	run table1 table1 2026-12-01T08:00:00Z table1
	for n in 1 2 3; do
		sites_host "rv$n" vpxi2 "lv$((n + 3))"
	done
	sites_switch
	t_status "table1: applied" 0 sites_apply vpxi2
	reach "Table I: rv1 and rv2" rv1 rv2
	reach "Table I: rv2 and rv3" rv2 rv3
	reach "Table I: rv1 and rv3" rv1 rv3
	t_is "lv1 has 5 units" "$(granted rp4 vpxi2/rvA/lv1)" 500000000
	t_is "lv2 has 3 units" "$(granted rp5 vpxi2/rvB/lv2)" 300000000
	sites_conserved "table1: every packet is accounted for"
	sites_end
}

# ---- paper 000, Figure 6: latency-sensitive traffic direct, high-bandwidth traffic by site 2 ----
two_paths() {
	run two-paths figure6 2026-12-02T08:00:00Z two-paths
	for n in 1 2 3; do
		sites_host "mpi$n" two-paths "mpi-lan$n"
		sites_host "bulk$n" two-paths "bulk-lan$n"
	done
	sites_switch
	t_status "two-paths: applied" 0 sites_apply two-paths
	reach "latency-sensitive: site 1 and 3" mpi1 mpi3
	reach "latency-sensitive: site 1 and 2" mpi1 mpi2
	reach "high-bandwidth: site 1 and 3" bulk1 bulk3
	reach "high-bandwidth: site 2 and 3" bulk2 bulk3
	t_match "from site 1 to 3, latency-sensitive traffic passes two routers" "$(one_ping mpi1 mpi3)" 'ttl=62 '
	t_match "and high-bandwidth traffic a third one, at site 2" "$(one_ping bulk1 bulk3)" 'ttl=61 '
	sites_conserved "two-paths: every packet is accounted for"
	sites_end
}

# ---- paper 004, Figure 6: a VNet of four nodes, GRE, no lease; by reload of the whole files ----
vnet() {
	run vnet testlab 2026-12-01T08:00:00Z vnet
	sites_host left vnet left-lan
	sites_host right vnet right-lan
	sites_switch
	for site in "${SITES[@]}"; do
		t_status "vnet: $site reloads what was planned" 0 sites_ctl "$site" reload "$SITES_DIR/$site.yaml"
	done
	reach "vnet: left and right" left right
	t_match "over three virtual nodes" "$(one_ping left right)" 'ttl=61 '
	sites_conserved "vnet: every packet is accounted for"
	sites_end
}

# ---- paper 002, Figure 4: B spreads what A stores, H gathers; three periods ----
periods() {
	run periods three-sites 2026-12-01T08:00:00Z periods
	sites_host a vxi-periods A-B
	sites_host c vxi-periods B-C
	sites_host c2 vxi-periods C-H
	sites_host f vxi-periods H-F
	sites_switch
	t_status "periods: applied" 0 sites_apply vxi-periods
	reach "periods: A and C by B" a c
	reach "periods: C and F by H" c2 f
	t_is "period I: B-C has 300 Mbit/s" "$(granted site2 vxi-periods/B/B-C)" 300000000
	sites_each clock set 2026-12-01T09:00:00Z
	t_is "period II: B-C is best effort" "$(granted site2 vxi-periods/B/B-C)" null
	t_is "period II: H-F, too" "$(granted site2 vxi-periods/H/H-F)" null
	reach "period II: A and C still" a c
	sites_each clock set 2026-12-01T13:00:00Z
	t_is "period III: H-F has 600 Mbit/s" "$(granted site2 vxi-periods/H/H-F)" 600000000
	reach "period III: C and F" c2 f
	t_is "the list says until when" "$(sites_ctl site2 -j vpxi list |
		jq -r '.[0] | "\(.state) \(.period)"')" "running III"
	sites_each clock set 2026-12-01T14:00:00Z
	unreachable "at the lease's end nobody is reached" a c
	t_is "and the VPXI has expired" "$(sites_ctl site2 -j vpxi list | jq -r '.[0].state')" expired
	sites_conserved "periods: every packet is accounted for"
	sites_end
}

lab_begin
lab_probe

periods
three
table1
two_paths
vnet
t_done
