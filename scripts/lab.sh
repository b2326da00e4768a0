# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# Kernel hosts around one hpsrouterd, each in a network namespace made here. Sourced, after
# common.sh.
#
#        namespace LAB-v1a          namespace LAB-router           namespace LAB-v1b
#       +------------------+     +-----------------------+      +------------------+
#       | eth0 10.0.1.2/24 |=====| p1a   hpsrouterd   p1b |======| eth0 10.0.2.2/24 |
#       +------------------+ veth| p2a                p2b | veth +------------------+
#            LAB-v2a ============|  ...               ... |============ LAB-v2b
#
# The root namespace gets nothing: no link, no address, no route. Every VPXI has the same
# addresses. hpsrouterd sees the port ends (AF_XDP, or AF_PACKET where the kernel has no AF_XDP).
#
# lab_begin makes the names (unique by pid) and a trap that removes everything at the end, also
# after a failure or a signal. Variables for the caller: LAB (prefix), LAB_DIR (scratch files),
# LAB_SOCKET, LAB_LOG (the daemon's), LAB_PID (the daemon's), LAB_DRIVER.

HPSROUTERD=${HPSROUTERD:-$HPSR_BUILD/hpsrouterd}
HPSRCTL=${HPSRCTL:-$HPSR_BUILD/hpsrctl}
LAB_WORKER_LCORE=1
LAB_START_SECONDS=${LAB_START_SECONDS:-60}

# lab_names NAME DIR: where a laboratory of that name is; makes nothing.
lab_names() {
	LAB=$1
	LAB_DIR=$2
	LAB_SOCKET=$LAB_DIR/control.sock
	LAB_LOG=$LAB_DIR/hpsrouterd.log
	LAB_PID=
	LAB_JOBS=()
	LAB_PORTS=()
}

# lab_create NAME DIR: the router's namespace, no trap.
lab_create() {
	need_root
	lab_names "$1" "$2"
	mkdir -p "$LAB_DIR"
	ip netns add "$LAB-router" || return 1
	lab_quiet router
}

lab_begin() {
	need_root
	# First the trap: a signal between the two must not leave anything.
	lab_names "hpsr$$" "${TMPDIR:-/tmp}/hpsr$$.lab"
	trap lab_end EXIT
	trap 'exit 129' HUP
	trap 'exit 130' INT
	trap 'exit 143' TERM
	rm -rf "$LAB_DIR"
	lab_create "$LAB" "$LAB_DIR" || die "no network namespaces here"
}

# No IPv6 neighbour discovery or router solicitation in the counters of tests that ask for none.
lab_quiet() {
	[ -z "${LAB_IPV6:-}" ] && [ -e /proc/sys/net/ipv6 ] || return 0
	ip netns exec "$LAB-$1" tee /proc/sys/net/ipv6/conf/all/disable_ipv6 \
		/proc/sys/net/ipv6/conf/default/disable_ipv6 <<<1 >/dev/null
}

# lab_end: idempotent; keeps the exit status.
lab_end() {
	local status=$? name pid
	trap - EXIT
	trap '' HUP INT TERM
	[ -n "${LAB:-}" ] || exit "$status"
	if [ -n "${LAB_KEEP:-}" ]; then
		note "LAB_KEEP is set: namespaces $LAB-* and $LAB_DIR stay"
		exit "$status"
	fi
	lab_destroy
	exit "$status"
}

# lab_destroy: ends what runs in the laboratory's namespaces (nothing but what it started is in
# them), then removes them with their links, then its files.
lab_destroy() {
	local name pid
	for pid in "$LAB_PID" "${LAB_JOBS[@]}"; do
		[ -n "$pid" ] && kill -TERM "$pid" 2>/dev/null
	done
	if [ -n "$LAB_PID" ]; then
		wait_for 5 lab_pid_gone "$LAB_PID" || kill -KILL "$LAB_PID" 2>/dev/null
	fi
	for name in $(lab_namespaces); do
		for pid in $(ip netns pids "$name" 2>/dev/null); do
			kill -KILL "$pid" 2>/dev/null
		done
	done
	[ ${#LAB_JOBS[@]} -eq 0 ] || wait "${LAB_JOBS[@]}" 2>/dev/null
	for name in $(lab_namespaces); do
		ip netns del "$name" 2>/dev/null
	done
	# Left by what had to be killed: each is named after this laboratory.
	rm -rf "$LAB_DIR" "/run/dpdk/$LAB-probe" "/run/dpdk/hpsr-$LAB"
	LAB=
}

lab_namespaces() {
	ip netns list 2>/dev/null | awk -v p="$LAB-" 'index($1, p) == 1 { print $1 }'
}

# A zombie has ended, too: its parent is this shell.
lab_pid_gone() {
	local state
	state=$(awk '/^State:/ { print $2 }' "/proc/$1/status" 2>/dev/null) || return 0
	[ -z "$state" ] || [ "$state" = Z ]
}

# lab_host NAME PORT ADDRESS/LENGTH GATEWAY [MTU]: a namespace with eth0, veth to PORT of the router.
lab_host() {
	local name=$1 port=$2 address=$3 gateway=$4 mtu=${5:-1500}
	if ! { ip netns add "$LAB-$name" &&
		lab_quiet "$name" &&
		ip -n "$LAB-$name" link set lo up &&
		lab_port "$port" "$name" "$mtu" &&
		ip -n "$LAB-$name" addr add "$address" dev eth0 &&
		ip -n "$LAB-$name" link set eth0 up &&
		ip -n "$LAB-$name" route add default via "$gateway"; }; then
		die "host $name: ip failed"
	fi
}

# lab_port PORT NAME [MTU]: the veth. One queue at each end: an AF_XDP port reads queue 0 only.
# No offloads at the host: AF_XDP would see checksums that nobody has computed yet, and frames
# longer than the MTU.
lab_port() {
	local port=$1 name=$2 mtu=${3:-1500}
	ip link add eth0 numtxqueues 1 numrxqueues 1 mtu "$mtu" netns "$LAB-$name" type veth \
		peer name "$port" numtxqueues 1 numrxqueues 1 mtu "$mtu" netns "$LAB-router" &&
		ip netns exec "$LAB-$name" ethtool -K eth0 tx off rx off tso off gso off gro off \
			sg off >/dev/null 2>&1 &&
		ip -n "$LAB-router" link set "$port" up || return 1
	LAB_PORTS+=("$port")
}

# lab_vpxi N [MTU]: the two hosts of VPXI N, the same addresses for every N.
lab_vpxi() {
	lab_host "v${1}a" "p${1}a" 10.0.1.2/24 10.0.1.1 "${2:-1500}"
	lab_host "v${1}b" "p${1}b" 10.0.2.2/24 10.0.2.1 "${2:-1500}"
}

# lab_in HOST COMMAND...: in that host's namespace.
lab_in() {
	local name=$1
	shift
	ip netns exec "$LAB-$name" "$@"
}

# lab_job HOST COMMAND...: in the background, ended with the laboratory. Its pid in LAB_JOB.
lab_job() {
	local name=$1
	shift
	ip netns exec "$LAB-$name" "$@" &
	LAB_JOB=$!
	LAB_JOBS+=("$LAB_JOB")
}

# lab_name_server HOST PORT NAME: tells each client that connects NAME; a job.
lab_name_server() {
	lab_job "$1" "$HPSR_PYTHON" -c "
import socket
s = socket.create_server(('', $2))
while True:
    c, _ = s.accept()
    c.sendall(b'$3')
    c.close()"
}

# The CPUs that no worker polls, for taskset -c: senders and receivers go there.
lab_host_cpus() {
	local cpus
	cpus=$(seq 0 $(($(nproc) - 1)) | grep -vx "$LAB_WORKER_LCORE" | paste -sd, -)
	printf '%s\n' "${cpus:-0}"
}

# lab_probe: sets LAB_DRIVER to net_af_xdp when a real AF_XDP port opens here, else to
# net_af_packet. What decides is DPDK itself, on a veth in a namespace of its own.
lab_probe() {
	local probe=$LAB-probe log=$LAB_DIR/probe.log
	[ -z "${LAB_DRIVER:-}" ] || return 0
	LAB_DRIVER=net_af_packet
	if ! { ip netns add "$probe" &&
		ip link add x0 numtxqueues 1 numrxqueues 1 netns "$probe" type veth \
			peer name x1 numtxqueues 1 numrxqueues 1 netns "$probe" &&
		ip -n "$probe" link set x0 up &&
		ip -n "$probe" link set x1 up; }; then
		die "no veth links here"
	fi
	if command -v dpdk-testpmd >/dev/null; then
		# Ends by itself at the end of its input. In the background: a signal to this shell
		# does not wait for it.
		lab_job probe timeout 20 dpdk-testpmd --no-huge -m 64 --no-pci --no-telemetry \
			--no-shconf --file-prefix "$probe" --lcores '(0-1)@0' \
			--vdev net_af_xdp0,iface=x0 -- -i --total-num-mbufs=8192 <<<quit >"$log" 2>&1
		wait "$LAB_JOB" && grep -q 'Port 0: ' "$log" && LAB_DRIVER=net_af_xdp
	fi
	ip netns del "$probe"
	rm -rf "/run/dpdk/$probe"
}

# lab_device PORT: its DPDK device string.
lab_device() {
	local i
	for i in "${!LAB_PORTS[@]}"; do
		if [ "${LAB_PORTS[$i]}" = "$1" ]; then
			printf '%s%d,iface=%s\n' "$LAB_DRIVER" "$i" "$1"
			return
		fi
	done
	die "no port $1 in this laboratory"
}

# lab_site_head: everything of the site file before `vpxis:`.
lab_site_head() {
	local port
	cat <<-END
	site: $LAB
	control: {socket: $LAB_SOCKET}
	slices:
	  - {name: s0, lcores: [$LAB_WORKER_LCORE], idle: ${LAB_IDLE:-poll}}
	ports:
	END
	for port in "${LAB_PORTS[@]}"; do
		printf '  - {name: %s, device: "%s", capacity: %s}\n' "$port" "$(lab_device "$port")" \
			"${LAB_CAPACITY:-1Gbps}"
	done
}

# lab_site_vpxi N [RATE]: VPXI N of `vpxis:`; RATE static on both interfaces, with a burst that
# makes up for what a worker loses whose CPU is not its own (5 ms of 200 Mbit/s).
lab_site_vpxi() {
	local n=$1 rate=""
	[ -z "${2:-}" ] || rate=", rate: {static: $2}, shape: {burst: 128KiB, queue: 512KiB}"
	cat <<-END
	  - name: vpxi$n
	    routers:
	      - name: vr1
	        slice: s0
	        interfaces:
	          - {name: a, port: p${n}a, address: [10.0.1.1/24]$rate}
	          - {name: b, port: p${n}b, address: [10.0.2.1/24]$rate}
	END
}

# lab_site RATE...: a whole file: VPXI 1, 2, ... with these rates ("-": none).
lab_site() {
	local n=0 rate
	lab_site_head
	printf 'vpxis:\n'
	for rate in "$@"; do
		n=$((n + 1))
		[ "$rate" != - ] || rate=
		lab_site_vpxi "$n" "$rate"
	done
}

# lab_router_launch SITE: the daemon in the background, without waiting. Its log starts anew.
lab_router_launch() {
	[ -x "$HPSROUTERD" ] || die "no $HPSROUTERD: meson setup build && ninja -C build"
	# In a session of its own: a Ctrl-C ends the script, which then ends the daemon.
	setsid ip netns exec "$LAB-router" "$HPSROUTERD" -c "$1" </dev/null >"$LAB_LOG" 2>&1 &
	LAB_PID=$!
}

# lab_router_start SITE: until it answers at its socket; else its log on stderr, and 1.
lab_router_start() {
	lab_router_launch "$1"
	wait_for "$LAB_START_SECONDS" lab_router_settled
	if ! lab_router_up; then
		note "hpsrouterd does not answer at $LAB_SOCKET; it said:"
		cat "$LAB_LOG" >&2
		return 1
	fi
}

lab_router_up() {
	! lab_pid_gone "$LAB_PID" && "$HPSRCTL" -s "$LAB_SOCKET" status >/dev/null 2>&1
}

lab_router_settled() {
	lab_pid_gone "$LAB_PID" || lab_router_up
}

# lab_router_stop [SIGNAL]: its exit status; 124 when it had to be killed after 10 s. Milliseconds
# that it took in LAB_STOP_MS.
lab_router_stop() {
	local status start
	start=$(date +%s%3N)
	kill -"${1:-TERM}" "$LAB_PID" || return 125
	if ! wait_for 10 lab_pid_gone "$LAB_PID"; then
		kill -KILL "$LAB_PID"
		wait "$LAB_PID" 2>/dev/null
		LAB_PID=
		return 124
	fi
	# shellcheck disable=SC2034 # for the caller
	LAB_STOP_MS=$(($(date +%s%3N) - start))
	wait "$LAB_PID"
	status=$?
	LAB_PID=
	return "$status"
}

# lab_ctl ARGUMENT...: hpsrctl at this laboratory's daemon.
lab_ctl() {
	"$HPSRCTL" -s "$LAB_SOCKET" "$@"
}

# lab_ping HOST DESTINATION [COUNT [INTERVAL]]: prints "SENT RECEIVED" on stdout.
lab_ping() {
	lab_in "$1" ping -n -q -c "${3:-3}" -i "${4:-0.05}" -W 1 "$2" 2>/dev/null |
		sed -n 's/^\([0-9]*\) packets transmitted, \([0-9]*\) received.*/\1 \2/p'
}

# lab_warm N: ARP done on both sides of VPXI N, so that what is measured next meets no first packet.
lab_reachable() {
	lab_in "$1" ping -n -q -c 1 -W 1 "$2" >/dev/null 2>&1
}

lab_warm() {
	wait_for 10 lab_reachable "v${1}a" 10.0.2.2
}
