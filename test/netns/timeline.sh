#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Table II in a running daemon: three VPXIs on one port, C is 2 of 10 Gbit/s, and the third's lease
# ends. The clock is set by hand.
# shellcheck source=test/netns/lib/tap.sh
. "$(dirname "$0")/lib/tap.sh"

lab_begin
file=$LAB_DIR/site.yaml

# vpxi N RATE [LINE]...
vpxi() {
	local n=$1 rate=$2
	shift 2
	printf '  - name: vpxi%d\n' "$n"
	[ $# -eq 0 ] || printf '    %s\n' "$@"
	cat <<-END
	    routers:
	      - name: vr1
	        interfaces:
	          - {name: lan, port: p0, vlan: $n, address: [10.0.$n.1/24], rate: {$rate}, shape: {queue: 64KiB}}
	END
}

site() {
	cat <<-END
	site: lyon
	control: {socket: $LAB_SOCKET}
	slices:
	  - {name: s0, lcores: [1], idle: sleep}
	ports:
	  - {name: p0, device: net_null0, capacity: 10Gbps, vpxi-share: 20%}
	vpxis:
	END
	vpxi 1 "min: 100Mbps, max: 500Mbps"
	vpxi 2 "min: 800Mbps, max: 1500Mbps"
	vpxi 3 "static: 300Mbps" "lease: {start: 2026-12-01T08:00:00Z, duration: 4h}" \
		"periods: [{name: I, duration: 1h, rates: [{link: vr1/lan, static: 100Mbps}]}, {name: II}]"
}

granted() {
	lab_ctl -j rate show | jq -r '[.[] | "\(.vpxi) \(.granted_bps / 1000000)"] | join(", ")'
}

third() {
	lab_ctl -j vpxi list | jq -r '.[] | select(.vpxi == "vpxi3") | "\(.state) \(.period) \(.next_change)"'
}

site >"$file"
export HPSROUTER_CLOCK=manual:2026-12-01T07:00:00Z
t_start "$file"
t_is "before the lease: two VPXIs" "$(granted)" "vpxi1 500, vpxi2 1500"
t_is "the third waits" "$(third)" "waiting null 2026-12-01T08:00:00Z"
t_status "the lease begins" 0 lab_ctl clock set 2026-12-01T08:00:00Z
t_is "period I" "$(granted)" "vpxi1 500, vpxi2 1400, vpxi3 100"
t_is "the third runs" "$(third)" "running I 2026-12-01T09:00:00Z"
t_status "its second period" 0 lab_ctl clock set 2026-12-01T09:00:00Z
t_is "Table II: 500, 1200, 300" "$(granted)" "vpxi1 500, vpxi2 1200, vpxi3 300"
t_status "rate set that does not fit" 3 lab_ctl rate set vpxi1/vr1/lan min=901Mbps max=1Gbps
t_match "says by how much, and when" "$T_OUT" "by 1Mbps at 2026-12-01T09:00:00Z"
t_is "and changes nothing" "$(granted)" "vpxi1 500, vpxi2 1200, vpxi3 300"
vpxi 4 "static: 900Mbps" "lease: {start: 2026-12-01T10:00:00Z, end: 2026-12-01T13:00:00Z}" |
	sed '1s/  - /    /; s/^    //' >"$LAB_DIR/four.yaml"
t_status "a VPXI whose guarantee will not fit" 3 lab_ctl vpxi apply "$LAB_DIR/four.yaml"
t_match "says when" "$T_OUT" "at 2026-12-01T10:00:00Z"
sed -i 's/T10:00:00Z/T12:00:00Z/' "$LAB_DIR/four.yaml"
t_status "one that comes when the third is gone" 0 lab_ctl vpxi apply "$LAB_DIR/four.yaml"
t_status "and is removed again" 0 lab_ctl vpxi remove vpxi4
t_status "one second before the end" 0 lab_ctl clock set 2026-12-01T11:59:59Z
t_is "nothing has changed" "$(granted)" "vpxi1 500, vpxi2 1200, vpxi3 300"
t_status "the lease ends" 0 lab_ctl clock set 2026-12-01T12:00:00Z
t_is "Table II: 500, 1500" "$(granted)" "vpxi1 500, vpxi2 1500"
t_is "the third is expired" "$(third)" "expired null null"
t_status "a reload of the same file changes nothing" 0 lab_ctl -j reload
t_is "as it says" "$(jq '.changed' <<<"$T_OUT")" 0
t_is "the config is still whole" "$(lab_ctl config show | grep -c 'name: vpxi')" 3
t_status "a clock that is no time" 2 lab_ctl clock set noon
lab_router_stop TERM >/dev/null

# By the system's clock: a lease that begins in two seconds begins by itself.
soon=$(date -u -d "2 seconds" +%Y-%m-%dT%H:%M:%SZ)
sed "s/2026-12-01T08:00:00Z/$soon/" "$file" >"$LAB_DIR/soon.yaml"
unset HPSROUTER_CLOCK
t_start "$LAB_DIR/soon.yaml"
t_wait "a lease begins by the system's clock" 10 sh -c "\"$HPSRCTL\" -s \"$LAB_SOCKET\" -j rate show | grep -q vpxi3"
t_is "with its period's rate" "$(granted)" "vpxi1 500, vpxi2 1400, vpxi3 100"
t_status "the system's clock is not set" 1 lab_ctl clock set 2026-12-01T08:00:00Z
t_done
