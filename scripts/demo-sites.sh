# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2153,SC2154 # lab.sh's and scripts/demo's variables
# scripts/demo sites: VPXIs over three HPSRouters. Sourced by scripts/demo.
#
#   v1a, v2a 10.1.0.2 --- lyon ========== lr ========== rennes --- v1b, v2b 10.2.0.2
#                          \\                            //
#                           == ln ===== nice ===== nr ===       (bridges, of namespace middle)

sites_usage() {
	cat <<-'END'
	Usage: scripts/demo sites [--seconds N]

	Builds hpsrouterd and runs three, Lyon, Rennes and Nice, in network namespaces of their own,
	joined by a backbone. Two VPXIs with the same addresses span them by VXLAN: marked
	(latency-sensitive) traffic goes directly from Lyon to Rennes, the rest over Nice. Shows
	ping, TCP, that no host reaches the other VPXI, the two ways, and the direct link cut in the
	middle of a flow; then a table and a verdict. Needs root. Removes everything it made.

	  --seconds N    traffic time in all, 8 to 600 (default 12)

	Exit: 0 all within what is promised, 1 not, 2 bad usage.
	END
}

SITE_NAMES=(lyon rennes nice)
SITES_STALL_S=1   # a flow stands still for so long at most when its link is cut
SITES_TTL_DIRECT=62 # of an answer that came by two routers
SITES_TTL_NICE=61

sites_ns() {
	[ "$1" = lyon ] && echo router || echo "$1"
}

sites_ctl() {
	local site=$1
	shift
	"$HPSRCTL" -s "$LAB_DIR/$site.sock" "$@"
}

# sites_veth NAMESPACE NAME NAMESPACE NAME MTU
sites_veth() {
	ip link add "$2" numtxqueues 1 numrxqueues 1 mtu "$5" netns "$LAB-$1" type veth \
		peer name "$4" numtxqueues 1 numrxqueues 1 mtu "$5" netns "$LAB-$3" &&
		ip -n "$LAB-$1" link set "$2" up && ip -n "$LAB-$3" link set "$4" up
}

# sites_host NAME PORT SITE ADDRESS GATEWAY
sites_host() {
	ip netns add "$LAB-$1" && lab_quiet "$1" && ip -n "$LAB-$1" link set lo up &&
		sites_veth "$1" eth0 "$(sites_ns "$3")" "$2" 1500 &&
		ip netns exec "$LAB-$1" ethtool -K eth0 tx off rx off tso off gso off gro off sg off \
			>/dev/null 2>&1 &&
		ip -n "$LAB-$1" addr add "$4" dev eth0 && ip -n "$LAB-$1" route add default via "$5"
}

# sites_link NAME SITE SITE: a bridge; the ports are NAME.SITE, such as lr.lyon.
sites_link() {
	local site
	ip -n "$LAB-middle" link add "$1" type bridge forward_delay 0 &&
		ip -n "$LAB-middle" link set "$1" up || return 1
	for site in "$2" "$3"; do
		sites_veth "$(sites_ns "$site")" "$1.$site" middle "$1$site" 1600 &&
			ip -n "$LAB-middle" link set "$1$site" master "$1" || return 1
	done
}

# sites_ports SITE PORT[=UNDERLAY]...: its file up to `vpxis:`.
sites_ports() {
	local site=$1 n=0 port
	shift
	printf 'site: %s-%s\ncontrol: {socket: %s}\nslices: [{name: s0, lcores: [%d], idle: sleep}]\nports:\n' \
		"$LAB" "$site" "$LAB_DIR/$site.sock" "$LAB_WORKER_LCORE"
	for port in "$@"; do
		printf '  - {name: %s, device: "%s%d,iface=%s", capacity: 1Gbps' "${port%%=*}" \
			"$LAB_DRIVER" $n "${port%%=*}"
		[ "$port" = "${port%%=*}" ] || printf ', role: backbone, mtu: 1600, address: [%s]' "${port#*=}"
		printf '}\n'
		n=$((n + 1))
	done
	printf 'vpxis:\n'
}

# sites_end N NAME PORT REMOTE VNI ADDRESS PEER: an interface of VPXI N; each has VNIs of its own.
sites_end() {
	printf '          - {name: %s, port: %s, tunnel: {type: vxlan, remote: %s, vni: %d}, address: [%s/24], probe: {peer: %s}}\n' \
		"$2" "$3" "$4" "$((1000 * $1 + $5))" "$6" "$7"
}

# sites_routes OTHER DIRECT NICE: routes and policies at an end, to network 10.OTHER.0.0/24.
sites_routes() {
	cat <<-END
	        routes:
	          - {to: 10.$1.0.0/24, via: $3, metric: 10}
	          - {to: 10.$1.0.0/24, via: $2, metric: 20}
	        policies:
	          - {name: voice, class: latency-sensitive, in: lan, via: $2}
	END
}

# sites_router N: VPXI N and its router; interfaces follow.
sites_router() {
	printf '  - name: vpxi%d\n    routers:\n      - name: r\n        interfaces:\n' "$1"
}

sites_files() {
	local n
	{
		sites_ports lyon p1a p2a lr.lyon=192.0.2.1/24 ln.lyon=198.51.100.1/24
		for n in 1 2; do
			sites_router "$n"
			printf '          - {name: lan, port: p%da, address: [10.1.0.1/24]}\n' "$n"
			sites_end "$n" direct lr.lyon 192.0.2.2 12 10.12.0.1 10.12.0.2
			sites_end "$n" nice ln.lyon 198.51.100.3 13 10.13.0.1 10.13.0.3
			sites_routes 2 10.12.0.2 10.13.0.3
		done
	} >"$LAB_DIR/lyon.yaml"
	{
		sites_ports rennes p1b p2b lr.rennes=192.0.2.2/24 nr.rennes=203.0.113.2/24
		for n in 1 2; do
			sites_router "$n"
			printf '          - {name: lan, port: p%db, address: [10.2.0.1/24]}\n' "$n"
			sites_end "$n" direct lr.rennes 192.0.2.1 12 10.12.0.2 10.12.0.1
			sites_end "$n" nice nr.rennes 203.0.113.3 23 10.23.0.2 10.23.0.3
			sites_routes 1 10.12.0.1 10.23.0.3
		done
	} >"$LAB_DIR/rennes.yaml"
	{
		sites_ports nice ln.nice=198.51.100.3/24 nr.nice=203.0.113.3/24
		for n in 1 2; do
			sites_router "$n"
			sites_end "$n" lyon ln.nice 198.51.100.1 13 10.13.0.3 10.13.0.1
			sites_end "$n" rennes nr.nice 203.0.113.2 23 10.23.0.3 10.23.0.2
			printf '        routes:\n'
			printf '          - {to: 10.1.0.0/24, via: 10.13.0.1}\n'
			printf '          - {to: 10.2.0.0/24, via: 10.23.0.2}\n'
		done
	} >"$LAB_DIR/nice.yaml"
}

sites_up() {
	sites_ctl "$1" status >/dev/null 2>&1
}

# sites_probe SITE VPXI INTERFACE STATE
sites_probe() {
	[ "$(sites_ctl "$1" -j vrouter show "vpxi$2/r" 2>/dev/null |
		jq -r ".interfaces[] | select(.interface == \"$3\") | .probe.state")" = "$4" ]
}

sites_topology() {
	local site n
	lab_probe
	for site in rennes nice middle; do
		{ ip netns add "$LAB-$site" && lab_quiet "$site"; } || die "no namespace $site"
	done
	for n in 1 2; do
		if ! { sites_host "v${n}a" "p${n}a" lyon 10.1.0.2/24 10.1.0.1 &&
			sites_host "v${n}b" "p${n}b" rennes 10.2.0.2/24 10.2.0.1; }; then
			die "host of VPXI $n: ip failed"
		fi
		lab_name_server "v${n}b" 7000 "vpxi$n"
	done
	if ! { sites_link lr lyon rennes && sites_link ln lyon nice && sites_link nr nice rennes; }; then
		die "backbone: ip failed"
	fi
	sites_files
	for site in "${SITE_NAMES[@]}"; do
		# In a namespace of the laboratory: ended with it.
		lab_job "$(sites_ns "$site")" setsid "$HPSROUTERD" -c "$LAB_DIR/$site.yaml" \
			</dev/null >"$LAB_DIR/$site.log" 2>&1
	done
	for site in "${SITE_NAMES[@]}"; do
		wait_for 60 sites_up "$site" || die "$site does not start: $(tail -n 5 "$LAB_DIR/$site.log")"
	done
	for n in 1 2; do
		for site in lyon rennes; do
			if ! { wait_for 30 sites_probe "$site" "$n" direct up &&
				wait_for 30 sites_probe "$site" "$n" nice up; }; then
				die "VPXI $n: $site does not hear its peers"
			fi
		done
		wait_for 15 lab_reachable "v${n}a" 10.2.0.2 || die "VPXI $n: its hosts do not reach each other"
	done
}

declare -a sites_lost sites_tcp sites_said sites_ttl sites_ttl_marked

sites_pings() {
	local n sent received
	for n in 1 2; do
		read -r sent received < <(lab_ping "v${n}a" 10.2.0.2 25 0.02)
		sites_lost[n]=$((${sent:-25} - ${received:-0}))
		promise "VPXI $n: ${sites_lost[$n]} pings lost" "${sites_lost[$n]} == 0"
		sites_said[n]=$(lab_in "v${n}a" timeout 5 bash -c 'exec 3<>/dev/tcp/10.2.0.2/7000 && cat <&3')
		[ "${sites_said[$n]}" = "vpxi$n" ] || faults+=("VPXI $n: ${sites_said[$n]:-nobody} answers at 10.2.0.2")
		sites_ttl[n]=$(sites_reply_ttl "$n" 0)
		sites_ttl_marked[n]=$(sites_reply_ttl "$n" 0xb8)
		promise "VPXI $n: plain traffic does not go over Nice" "${sites_ttl[$n]:-0} == $SITES_TTL_NICE"
		promise "VPXI $n: marked traffic does not go directly" \
			"${sites_ttl_marked[$n]:-0} == $SITES_TTL_DIRECT"
		progress "  VPXI $n: ${received:-0} of ${sent:-25} pings came back, 10.2.0.2 says \"${sites_said[$n]}\""
	done
}

# sites_reply_ttl N TOS
sites_reply_ttl() {
	lab_in "v${1}a" ping -n -c 1 -W 2 -Q "$2" 10.2.0.2 2>/dev/null | sed -n 's/.* ttl=\([0-9]*\) .*/\1/p'
}

sites_listening() {
	lab_in "$1" ss -Htln 'sport = :5201' | grep -q .
}

# sites_flow N SECONDS OPTION...: iperf3 to VPXI N's far host; what that received to N.server.
sites_flow() {
	local n=$1 time=$2 server
	shift 2
	lab_job "v${n}b" taskset -c "$(lab_host_cpus)" iperf3 -s -1 -i 0.1 -J >"$LAB_DIR/$n.server"
	server=$LAB_JOB
	wait_for 10 sites_listening "v${n}b" || die "iperf3 -s does not listen"
	lab_in "v${n}a" taskset -c "$(lab_host_cpus)" timeout "$((time + 15))" iperf3 -c 10.2.0.2 -t "$time" "$@" \
		>/dev/null 2>&1 || faults+=("VPXI $n: iperf3 failed")
	wait "$server"
}

sites_tcp_all() {
	local n
	for n in 1 2; do
		sites_flow "$n" "$1"
		sites_tcp[n]=$(jq '[.intervals[].sum | .bytes] | add * 8 / 1e6' "$LAB_DIR/$n.server" |
			awk -v s="$1" '{ printf "%.1f", $1 / s }')
		promise "VPXI $n: TCP below 50 Mbit/s" "${sites_tcp[$n]:-0} >= 50"
		progress "  VPXI $n: ${sites_tcp[$n]} Mbit/s of payload, by VXLAN over Nice"
	done
}

# A marked flow of VPXI 1 by the direct link, which is cut for a third of it; plain pings of VPXI 2.
sites_cut() {
	local time=$1 cutter pings sent received
	lab_job v2a ping -n -q -c "$((time * 20))" -i 0.05 -W 1 10.2.0.2 >"$LAB_DIR/pings"
	pings=$LAB_JOB
	(
		sleep "$((time / 3))"
		ip -n "$LAB-middle" link set lrrennes nomaster
		sleep "$((time / 3))"
		ip -n "$LAB-middle" link set lrrennes master lr
	) &
	cutter=$!
	LAB_JOBS+=("$cutter")
	sites_flow 1 "$time" -S 0xb8 -b 20M
	wait "$cutter" "$pings"
	sites_stall=$(jq '[.intervals[].sum | .bytes > 0] | reduce .[] as $ok ({n: 0, max: 0};
		if $ok then .n = 0 else .n += 1 | .max = ([.n, .max] | max) end) | .max / 10' "$LAB_DIR/1.server")
	promise "the flow stood still for ${sites_stall:-?} s" "${sites_stall:-9} <= $SITES_STALL_S"
	read -r sent received < <(sed -n 's/^\([0-9]*\) packets transmitted, \([0-9]*\) received.*/\1 \2/p' "$LAB_DIR/pings")
	sites_other_lost=$((${sent:-1} - ${received:-0}))
	promise "VPXI 2 lost $sites_other_lost of ${sent:-0} packets meanwhile" "$sites_other_lost == 0"
	wait_for 10 sites_probe lyon 1 direct up
	sites_ttl_back=$(sites_reply_ttl 1 0xb8)
	promise "marked traffic does not go directly again" "${sites_ttl_back:-0} == $SITES_TTL_DIRECT"
	grep -q 'is lost' "$LAB_DIR/lyon.log" || faults+=("Lyon did not notice the cut")
	progress "  the flow stood still for $sites_stall s at most; VPXI 2 lost $sites_other_lost of ${sent:-0}"
}

sites_conserved() {
	local site
	for site in "${SITE_NAMES[@]}"; do
		[ "$(sites_ctl "$site" -j stats | jq '.conservation | .received > 0 and
			.received == .sent + .dropped + .consumed + .queued')" = true ] ||
			faults+=("$site does not account for every packet once")
	done
}

sites_table() {
	say ""
	row "" "%s" "promised" "VPXI 1" "VPXI 2" ""
	row "ping Lyon to Rennes: lost of 25" "%s" "0" "${sites_lost[1]}" "${sites_lost[2]}" ""
	row "who answers at 10.2.0.2" "%s" "its own" "${sites_said[1]}" "${sites_said[2]}" ""
	row "TTL of answers, plain" "%s" "$SITES_TTL_NICE, over Nice" "${sites_ttl[1]}" "${sites_ttl[2]}" ""
	row "TTL of answers, latency-sensitive" "%s" "$SITES_TTL_DIRECT, directly" "${sites_ttl_marked[1]}" \
		"${sites_ttl_marked[2]}" ""
	row "TCP over Nice, Mbit/s" "%s" "at least 50" "${sites_tcp[1]}" "${sites_tcp[2]}" ""
	row "direct link cut: standstill, s" "%s" "at most $SITES_STALL_S" "$sites_stall" "-" ""
	row "  lost meanwhile" "%s" "0 of the other VPXI" "-" "$sites_other_lost" ""
	row "  joined again: TTL" "%s" "$SITES_TTL_DIRECT" "$sites_ttl_back" "-" ""
	say ""
}

sites_demo() {
	local part
	need_root
	say "demo sites: Lyon, Rennes and Nice, two VPXIs with the same addresses, $seconds s of traffic"
	"$HPSR_ROOT/scripts/setup" || die "scripts/setup failed"
	progress "building"
	build_dir "$HPSR_BUILD" || die "the build failed"
	lab_begin
	trap 'status=$?; rm -rf /run/dpdk/hpsr-"$LAB"-*; (exit "$status"); lab_end' EXIT
	part=$((seconds / 4))
	progress "starting three routers and four hosts, in namespaces $LAB-*"
	sites_topology
	progress "running over $LAB_DRIVER ports; ping, who answers, and which way"
	sites_pings
	progress "TCP, one VPXI after the other, $part s each"
	sites_tcp_all "$part"
	progress "the direct link is cut in the middle of a flow of $((seconds / 2)) s, and joined again"
	sites_cut "$((seconds / 2))"
	sites_conserved
	sites_table
}
