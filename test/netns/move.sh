#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A virtual router moves between two slices under a flow, by hpsrctl and by reloads: its flow and its
# neighbour's lose nothing and stay in order; what cannot be is refused.
#
#   v1a 10.0.1.2 --- p1a vpxi1/vr1 p1b --- v1b 10.0.2.2     100 Mbit/s, moved
#   v2a 10.0.1.2 --- p2a vpxi2/vr1 p2b --- v2b 10.0.2.2     100 Mbit/s, stays
# shellcheck source=test/netns/lib/tap.sh
. "$(dirname "$0")/lib/tap.sh"

LAB_IDLE="sleep" # a worker that polls would take the CPU of the other, and of the hosts
lab_begin
lab_probe
lab_vpxi 1
lab_vpxi 2
site=$LAB_DIR/site.yaml other=$LAB_DIR/other.yaml
lab_site 100Mbps 100Mbps | sed 's/^slices:.*/slices:/; s/^  - {name: s0, .*/&\n  - {name: s1, lcores: [2], idle: sleep}/' >"$site"
grep -q 's1, lcores' "$site" || t_bail "the site file has no slice s0 to put another beside"
# The first router in the other slice.
sed "0,/slice: s0/s//slice: s1/" "$site" >"$other"
t_start "$site"
for n in 1 2; do
	lab_warm "$n" || t_bail "hosts of vpxi$n do not reach each other"
done

slice_of() {
	lab_ctl -j vrouter show vpxi1/vr1 | jq -r .slice
}

t_is "it begins in s0" "$(slice_of)" s0
t_status "a slice that is not there is refused" 1 lab_ctl vrouter move vpxi1/vr1 s9
t_match "by its name" "$T_OUT" "s9"
t_status "a router that is not there, too" 1 lab_ctl vrouter move vpxi1/vr9 s1
t_status "no slice is bad usage" 2 lab_ctl vrouter move vpxi1/vr1

flow_start moved v1a v1b 10.0.2.2 7000 -r 5e6 -t 6
flow_start stays v2a v2b 10.0.2.2 7000 -r 5e6 -t 6
t_status "it moves" 0 lab_ctl vrouter move vpxi1/vr1 s1
t_is "to s1" "$(slice_of)" s1
t_is "whose worker it has" "$(lab_ctl -j vrouter show vpxi1/vr1 | jq .worker)" 2
t_status "a reload of its file moves it back" 0 lab_ctl reload "$site"
t_is "to s0" "$(slice_of)" s0
t_is "a reload that names s1 changes nothing but that" \
	"$(lab_ctl -j reload "$other" | jq -c '[.changes[] | .op]')" '["vrouter_move"]'
t_is "there it is" "$(slice_of)" s1
moves=0
while flow_running moved; do
	lab_ctl vrouter move vpxi1/vr1 s0 >/dev/null || t_fail "move $moves"
	lab_ctl vrouter move vpxi1/vr1 s1 >/dev/null || t_fail "move $moves"
	moves=$((moves + 2))
done
flow_wait moved
flow_wait stays
t_within "moves under the flow" "$moves" 4 1000000
for flow in moved stays; do
	t_is "the flow of the router that is '$flow' lost nothing" \
		"$(flow $flow '"\(.ended) lost \(.lost) doubled \(.duplicates) reordered \(.reordered)"')" \
		"true lost 0 doubled 0 reordered 0"
done
t_diag "$moves moves; longest gap: $(flow moved .gap_us) us, beside it $(flow stays .gap_us) us" \
	"drops: $(t_stat '[.vrouters[], .ports[] | {name: (.vrouter // .port), drops, missed}] | tostring')"
t_conserved "every packet is accounted for"
t_done
