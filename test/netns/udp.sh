#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# UDP below, at and above the rate of three virtual routers at once: what passes is the rate, what
# does not is counted.
#
#   v1a 10.0.1.2 --- p1a vpxi1/vr1 p1b --- v1b 10.0.2.2     100 Mbit/s
#   v2a 10.0.1.2 --- p2a vpxi2/vr1 p2b --- v2b 10.0.2.2     150 Mbit/s
#   v3a 10.0.1.2 --- p3a vpxi3/vr1 p3b --- v3b 10.0.2.2     200 Mbit/s
# shellcheck source=test/netns/lib/tap.sh
. "$(dirname "$0")/lib/tap.sh"

rates=(0 100 150 200)
lab_begin
lab_probe
for n in 1 2 3; do
	lab_vpxi "$n"
done
lab_site 100Mbps 150Mbps 200Mbps >"$LAB_DIR/site.yaml"
t_start "$LAB_DIR/site.yaml"
for n in 1 2 3; do
	lab_warm "$n" || t_bail "hosts of vpxi$n do not reach each other"
done

# three CF SECONDS: flows f1 f2 f3 at CF times the rate.
three() {
	local n
	for n in 1 2 3; do
		flow_start "f$n" "v${n}a" "v${n}b" 10.0.2.2 7000 -t "$2" \
			-r "$(awk -v r="${rates[$n]}" -v c="$1" 'BEGIN { printf "%d", r * c * 1e6 }')"
	done
	for n in 1 2 3; do
		flow_wait "f$n"
	done
}

# What the router says it lost of VPXI N: by its virtual router, and at the two ports, where the
# device had no room.
lost() {
	t_stat '[(.vrouters[] | select(.vrouter == "vpxi'"$1"'/vr1") | .drops[]),
		(.ports[] | select(.port | startswith("p'"$1"'")) | .missed, .drops[])] | add // 0'
}

below() {
	local n
	three 0.9 3
	for n in 1 2 3; do
		t_within "CF 0.9, ${rates[$n]} Mbit/s: loss" "$(flow_loss "f$n")" 0 0.0017
		t_is "CF 0.9, ${rates[$n]} Mbit/s: none doubled or out of order" \
			"$(flow "f$n" '"\(.duplicates) \(.reordered)"')" "0 0"
	done
}

at() {
	local n
	three 1.0 3
	for n in 1 2 3; do
		t_within "CF 1.0, ${rates[$n]} Mbit/s: rate" "$(flow_mbps "f$n")" \
			"$(awk -v r="${rates[$n]}" 'BEGIN { print r * 0.99 }')" \
			"$(awk -v r="${rates[$n]}" 'BEGIN { print r * 1.01 }')"
	done
}

above() {
	local n before
	before=("" "$(lost 1)" "$(lost 2)" "$(lost 3)")
	three 1.5 3
	for n in 1 2 3; do
		# Less the first 500 ms, in which the queue fills.
		t_within "CF 1.5, ${rates[$n]} Mbit/s: rate" "$(flow_mbps "f$n" 500 2900)" \
			"$(awk -v r="${rates[$n]}" 'BEGIN { print r * 0.99 }')" \
			"$(awk -v r="${rates[$n]}" 'BEGIN { print r * 1.01 }')"
		t_is "CF 1.5, ${rates[$n]} Mbit/s: each lost packet is counted" \
			"$(($(lost "$n") - before[n]))" "$(flow "f$n" .lost)"
		t_within "CF 1.5, ${rates[$n]} Mbit/s: nearly all as link_queue_full" \
			"$(t_stat ".vrouters[] | select(.vrouter == \"vpxi$n/vr1\") | .drops.link_queue_full // 0")" \
			"$(($(flow "f$n" .lost) * 98 / 100))" 10000000
	done
}

t_attempts 3 below
t_attempts 3 at
t_attempts 3 above
t_conserved "every packet is accounted for"
t_done
