# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# Several sites, a daemon each, from what `hpsrctl vxdl plan` wrote. Sourced behind tap.sh.
#
#     LAB-host...  LAB-lanN            LAB-siteN                   LAB-core
#    [tap eth0]==[vlanswitch  eth0]===[lanN  hpsrouterd  wanN]===[wN  bridge]=== the other sites
#
# Substrates name their ports lan1, wan1, lan2, ...: site number N of the substrate has lanN and wanN.
# hosts have a TAP in the VLAN that the plan chose, so that they are kernel hosts with plain addresses.

VLANSWITCH=$HPSR_BUILD/test/tools/vlanswitch
SITES=()       # names, in the order of the substrate
SITES_FAILED=0 # cases, when the last laboratory ended
SITES_DIR=     # the plan's folder
SITES_HOSTS=() # per site: VLAN:NETNS:eth0 ...

# sites_begin SUBSTRATE: its namespaces and links, and a copy in which sockets and ports are this
# laboratory's; workers sleep, as there are more of them than CPUs.
sites_begin() {
	local n=0 name
	SITES_DIR=$LAB_DIR/plan
	mkdir -p "$SITES_DIR"
	sed -e "s|/run/hpsrouter/|$LAB_DIR/|; s|net_af_xdp|$LAB_DRIVER|" \
		-e 's/lcores: [0-9]*\(, idle: sleep\)*}/lcores: 1, idle: sleep}/' "$1" \
		>"$LAB_DIR/substrate.yaml"
	if ! { ip netns add "$LAB-core" && lab_quiet core &&
		ip -n "$LAB-core" link add br0 type bridge && ip -n "$LAB-core" link set br0 up; }; then
		die "no bridge here"
	fi
	while read -r name; do
		n=$((n + 1))
		SITES+=("$name")
		sites_links "$n" || die "site $name: ip failed"
	done < <(sed -n 's/^    - name: //p' "$1")
}

sites_links() {
	local n=$1
	ip netns add "$LAB-site$n" && lab_quiet "site$n" &&
		ip netns add "$LAB-lan$n" && lab_quiet "lan$n" &&
		sites_veth "lan$n" eth0 "lan$n" "$n" 1500 && sites_veth core "w$n" "wan$n" "$n" 1600 &&
		ip -n "$LAB-core" link set "w$n" master br0
}

# sites_veth NETNS NAME PORT SITE MTU
sites_veth() {
	ip link add "$2" numtxqueues 1 numrxqueues 1 mtu "$5" netns "$LAB-$1" type veth \
		peer name "$3" numtxqueues 1 numrxqueues 1 mtu "$5" netns "$LAB-site$4" &&
		ip -n "$LAB-$1" link set "$2" up && ip -n "$LAB-site$4" link set "$3" up
}

# sites_plan AT REQUEST...: into SITES_DIR.
sites_plan() {
	local at=$1
	shift
	"$HPSRCTL" vxdl plan --substrate "$LAB_DIR/substrate.yaml" -o "$SITES_DIR" --at "$at" "$@"
}

# sites_number NAME: its number in the substrate.
sites_number() {
	local i
	for i in "${!SITES[@]}"; do
		[ "${SITES[$i]}" != "$1" ] || echo $((i + 1))
	done
}

# sites_start AT: a daemon for each site, at that instant, without any VPXI; that it has none is what
# `vpxi apply` is for.
sites_start() {
	local i n
	for i in "${!SITES[@]}"; do
		n=$((i + 1))
		sed '/^vpxis:/,$d' "$SITES_DIR/${SITES[$i]}.yaml" >"$LAB_DIR/site$n.yaml"
		setsid ip netns exec "$LAB-site$n" "$HPSROUTERD" -c "$LAB_DIR/site$n.yaml" \
			--clock "manual:$1" </dev/null >"$LAB_DIR/site$n.log" 2>&1 &
		LAB_JOBS+=($!)
	done
	for i in "${!SITES[@]}"; do
		wait_for "$LAB_START_SECONDS" sites_answers "${SITES[$i]}" ||
			{ t_diag "$(tail -n 20 "$LAB_DIR/site$((i + 1)).log")"; return 1; }
	done
}

sites_answers() {
	sites_ctl "$1" status >/dev/null 2>&1
}

# sites_ctl NAME ARGUMENT...
sites_ctl() {
	local name=$1
	shift
	"$HPSRCTL" -s "$LAB_DIR/$name.sock" "$@"
}

# sites_each ARGUMENT...: at every site; 1 where one fails.
sites_each() {
	local name
	for name in "${SITES[@]}"; do
		sites_ctl "$name" "$@" >/dev/null || return 1
	done
}

# sites_apply VPXI: at every site that has a part of it.
sites_apply() {
	local name file
	for name in "${SITES[@]}"; do
		file=$SITES_DIR/vpxi/$name/$1.yaml
		[ ! -e "$file" ] || sites_ctl "$name" vpxi apply "$file" || return 1
	done
}

# sites_host NAME VPXI LINK: a kernel host in that access network, second address of its prefix, with
# a default route to the virtual router. Before sites_switch.
sites_host() {
	local name=$1 physical site vlan file address n
	physical=$(jq -r --arg v "$2" --arg l "$3" '.vpxis[] | select(.vpxi == $v) | .links[] |
		select(.virtual == $l) | .physical[0]' "$SITES_DIR/map.json" | head -n 1)
	site=${physical%%/*} vlan=${physical##*.}
	file=$SITES_DIR/vpxi/$site/$2.yaml
	address=$(awk -v l="$3" '$1 == "-" && $2 == "name:" { on = $3 == l }
		on && $1 == "address:" { gsub(/[][]/, "", $2); print $2; exit }' "$file")
	[ -n "$address" ] || die "host $name: no network $3 in $file"
	n=$(sites_number "$site")
	if ! { ip netns add "$LAB-$name" && lab_quiet "$name" && ip -n "$LAB-$name" link set lo up; }; then
		die "host $name: ip failed"
	fi
	SITES_HOSTS[n]="${SITES_HOSTS[n]:-} $vlan:$LAB-$name:eth0"
	printf '%s %s\n' "${address%.*}" "${address%%/*}" >"$LAB_DIR/host-$name"
}

# sites_switch: a trunk for the hosts of each site, and their addresses.
sites_switch() {
	local n host name network gateway
	for n in "${!SITES_HOSTS[@]}"; do
		# shellcheck disable=SC2086 # words
		lab_job "lan$n" "$VLANSWITCH" eth0 ${SITES_HOSTS[n]} >"$LAB_DIR/switch$n"
		wait_for 5 grep -q ready "$LAB_DIR/switch$n" || die "no trunk at site $n"
		for host in ${SITES_HOSTS[n]}; do
			name=${host#*:} name=${name%:*} name=${name#"$LAB-"}
			read -r network gateway <"$LAB_DIR/host-$name"
			if ! { ip -n "$LAB-$name" addr add "$network.2/24" dev eth0 &&
				ip -n "$LAB-$name" link set eth0 up &&
				ip -n "$LAB-$name" route add default via "$gateway"; }; then
				die "host $name: ip failed"
			fi
		done
	done
}

# sites_address NAME: a host's.
sites_address() {
	local network
	read -r network _ <"$LAB_DIR/host-$1"
	echo "$network.2"
}

# sites_conserved WHAT: at every site, every packet is accounted for once.
sites_conserved() {
	local name c
	for name in "${SITES[@]}"; do
		c=$(sites_ctl "$name" -j stats | jq -c '.conservation')
		if [ "$(jq '.received == .sent + .dropped + .consumed + .queued' <<<"$c")" != true ]; then
			t_fail "$1" "$name: $c"
			return
		fi
	done
	t_pass "$1"
}

# sites_end: daemons and trunks, their namespaces and links; the laboratory stays for the next ones.
sites_end() {
	local pid name
	# What the daemons said helps who reads a failure.
	if [ "$T_FAILED" -gt "$SITES_FAILED" ]; then
		t_diag "$(tail -n 15 "$LAB_DIR"/site*.log)"
	fi
	SITES_FAILED=$T_FAILED
	for pid in "${LAB_JOBS[@]}"; do
		kill -TERM "$pid" 2>/dev/null
	done
	for pid in "${LAB_JOBS[@]}"; do
		wait_for 5 lab_pid_gone "$pid" || kill -KILL "$pid" 2>/dev/null
		wait "$pid" 2>/dev/null
	done
	for name in $(lab_namespaces); do
		[ "$name" = "$LAB-router" ] || ip netns del "$name"
	done
	rm -rf "$SITES_DIR" "$LAB_DIR"/host-* "$LAB_DIR"/site*.yaml
	LAB_JOBS=() SITES=() SITES_HOSTS=()
}
