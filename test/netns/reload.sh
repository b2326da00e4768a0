#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Reloads under traffic: a virtual router that the new file leaves alone loses no packet, whatever
# comes, goes or changes beside it; a bad file changes nothing.
#
#   v1a 10.0.1.2 --- p1a vpxi1/vr1 p1b --- v1b 10.0.2.2     100 Mbit/s, never changed
#   v2a 10.0.1.2 --- p2a vpxi2/vr1 p2b --- v2b 10.0.2.2     comes, changes, goes
# shellcheck source=test/netns/lib/tap.sh
. "$(dirname "$0")/lib/tap.sh"

lab_begin
lab_probe
lab_vpxi 1
lab_vpxi 2
one=$LAB_DIR/one.yaml two=$LAB_DIR/two.yaml changed=$LAB_DIR/changed.yaml bad=$LAB_DIR/bad.yaml
lab_site 100Mbps >"$one"
lab_site 100Mbps 50Mbps >"$two"
lab_site 100Mbps 80Mbps | sed '/port: p2a,/s/}$/, mtu: 1400}/' >"$changed"
sed 's/capacity/capasity/' "$two" >"$bad"
cp "$one" "$LAB_DIR/site.yaml"
t_start "$LAB_DIR/site.yaml"
lab_warm 1 || t_bail "hosts of vpxi1 do not reach each other"

reached() {
	[ "$(lab_ctl -j vpxi list | jq length)" = "$1" ]
}

# Well below the rate: what is missing has been lost by a reload, not by a busy machine.
flow_start steady v1a v1b 10.0.2.2 7000 -r 40e6 -t 8
t_status "reload adds vpxi2" 0 lab_ctl reload "$two"
t_wait "its hosts reach each other" 5 lab_reachable v2a 10.0.2.2
t_status "reload changes vpxi2's rates and MTU" 0 lab_ctl reload "$changed"
t_is "the rate is the new one" "$(lab_ctl -j rate show vpxi2/vr1/b | jq '.[0].granted_bps')" 80000000
t_wait "its hosts reach each other again" 5 lab_reachable v2a 10.0.2.2

t_status "a bad file is refused" 1 lab_ctl reload "$bad"
t_match "with its line and column" "$T_OUT" "bad\.yaml:6:[0-9]+: .*capasity"
t_match "and the key that is meant" "$T_OUT" "capacity"
t_is "and changes nothing" "$(lab_ctl -j rate show vpxi2/vr1/b | jq '.[0].granted_bps')" 80000000
t_status "a file that is not there is bad usage" 2 lab_ctl reload "$LAB_DIR/nosuch.yaml"

t_status "reload removes vpxi2" 0 lab_ctl reload "$one"
t_is "one VPXI is left" "$(lab_ctl -j vpxi list | jq -c '[.[].vpxi]')" '["vpxi1"]'
cp "$two" "$LAB_DIR/site.yaml"
kill -HUP "$LAB_PID"
t_wait "SIGHUP reads the daemon's own file: vpxi2 is back" 5 reached 2
cp "$bad" "$LAB_DIR/site.yaml"
kill -HUP "$LAB_PID"
t_wait "SIGHUP with a bad file says so in the log" 5 grep -q 'capasity' "$LAB_LOG"
t_is "and keeps what runs" "$(lab_ctl -j vpxi list | jq length)" 2
turns=0
while flow_running steady; do
	lab_ctl reload "$one" >/dev/null || t_fail "reload $turns"
	lab_ctl reload "$two" >/dev/null || t_fail "reload $turns"
	turns=$((turns + 2))
done
flow_wait steady
t_within "further reloads under the flow" "$turns" 2 100000
t_is "vpxi1's flow lost nothing through all of it" \
	"$(flow steady '"\(.ended) lost \(.lost) doubled \(.duplicates) reordered \(.reordered)"')" \
	"true lost 0 doubled 0 reordered 0"
t_diag "longest gap: $(flow steady .gap_us) us" \
	"drops: $(t_stat '[.vrouters[], .ports[] | {name: (.vrouter // .port), drops, missed}] | tostring')"
t_is "a reload of the same file changes nothing" \
	"$(lab_ctl reload "$two" >/dev/null && lab_ctl -j reload "$two" | jq .changed)" 0
t_conserved "every packet is accounted for"
t_done
