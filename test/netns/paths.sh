#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Two HPSRouters and two paths between them. One is cut in the middle of a TCP flow, first silently
# (both ends keep their link), then by its link: the flow moves to the other within a second, and
# back. What a policy sends by the second path goes there, and by the routes while it is cut.
#
#                        +--- da ==== bridge d ==== db ---+
#   va 10.1.0.2 --- pa a |                                | b pb --- vb 10.2.0.2
#                        +--- ea ==== bridge e ==== eb ---+
# shellcheck source=test/netns/lib/tap.sh
. "$(dirname "$0")/lib/tap.sh"

lab_begin
trap 'status=$?; rm -rf "/run/dpdk/hpsr-${LAB}b"; (exit "$status"); lab_end' EXIT
lab_probe
lab_host va pa 10.1.0.2/24 10.1.0.1

# Router b and what is between the routers.
for name in b middle; do
	{ ip netns add "$LAB-$name" && lab_quiet "$name"; } || t_bail "namespace $name"
done
ip netns add "$LAB-vb" && lab_quiet vb && ip -n "$LAB-vb" link set lo up
veth() { # NAMESPACE NAME NAMESPACE NAME
	if ! { ip link add "$2" numtxqueues 1 numrxqueues 1 netns "$LAB-$1" type veth \
		peer name "$4" numtxqueues 1 numrxqueues 1 netns "$LAB-$3" &&
		ip -n "$LAB-$1" link set "$2" up && ip -n "$LAB-$3" link set "$4" up; }; then
		t_bail "no veth $2 to $4"
	fi
}
veth b pb vb eth0
ip netns exec "$LAB-vb" ethtool -K eth0 tx off rx off tso off gso off gro off sg off >/dev/null 2>&1
ip -n "$LAB-vb" addr add 10.2.0.2/24 dev eth0
ip -n "$LAB-vb" route add default via 10.2.0.1
for path in d e; do
	if ! { ip -n "$LAB-middle" link add "bridge$path" type bridge forward_delay 0 &&
		ip -n "$LAB-middle" link set "bridge$path" up; }; then
		t_bail "no bridge"
	fi
	for end in a b; do
		veth "$([ "$end" = a ] && echo router || echo b)" "$path$end" middle "m$path$end"
		ip -n "$LAB-middle" link set "m$path$end" master "bridge$path"
	done
done

# site NAME SOCKET END OWN PEER NETWORK OTHER: the file of the router at END, a or b.
site() {
	local name=$1 socket=$2 end=$3 own=$4 peer=$5 net=$6 other=$7 n=0 port
	printf 'site: %s\ncontrol: {socket: %s}\nslices: [{name: s0, lcores: [%d], idle: sleep}]\nports:\n' \
		"$name" "$socket" "$LAB_WORKER_LCORE"
	for port in "p$end" "d$end" "e$end"; do
		printf '  - {name: %s, device: "%s%d,iface=%s", capacity: 1Gbps}\n' "$port" "$LAB_DRIVER" $n "$port"
		n=$((n + 1))
	done
	cat <<-END
	vpxis:
	  - name: v
	    routers:
	      - name: r
	        interfaces:
	          - {name: lan, port: p$end, address: [10.$net.0.1/24]}
	          - {name: d, port: d$end, address: [10.12.0.$own/24], probe: {peer: 10.12.0.$peer}}
	          - {name: e, port: e$end, address: [10.13.0.$own/24], probe: {peer: 10.13.0.$peer}}
	        routes:
	          - {to: 10.$other.0.0/24, via: 10.12.0.$peer, metric: 10}
	          - {to: 10.$other.0.0/24, via: 10.13.0.$peer, metric: 20}
	        policies:
	          - {name: voice, class: latency-sensitive, in: lan, via: 10.13.0.$peer}
	END
}
site "$LAB" "$LAB_SOCKET" a 1 2 1 2 >"$LAB_DIR/a.yaml"
site "${LAB}b" "$LAB_DIR/b.sock" b 2 1 2 1 >"$LAB_DIR/b.yaml"
t_start "$LAB_DIR/a.yaml"
lab_job b "$HPSROUTERD" -c "$LAB_DIR/b.yaml" >"$LAB_DIR/b.log" 2>&1
daemon_b=$LAB_JOB
ctl_b() {
	"$HPSRCTL" -s "$LAB_DIR/b.sock" "$@"
}
b_answers() {
	ctl_b status >/dev/null 2>&1
}
wait_for 60 b_answers || t_bail "router b does not start: $(tail -n 5 "$LAB_DIR/b.log")"

# probe INTERFACE: what router a says of it.
probe() {
	lab_ctl -j vrouter show v/r | jq -r ".interfaces[] | select(.interface == \"$1\") | .probe.state"
}
is_probe() {
	[ "$(probe "$1")" = "$2" ]
}
# sent INTERFACE: packets that router a sent there.
sent() {
	lab_ctl -j vrouter show v/r | jq ".interfaces[] | select(.interface == \"$1\") | .tx_packets"
}
t_wait "the peer by path d is there" 20 is_probe d up
t_wait "the peer by path e is there" 20 is_probe e up
t_wait "the hosts reach each other" 10 lab_reachable va 10.2.0.2

# cut PATH silent|link, join PATH silent|link
cut() {
	if [ "$2" = silent ]; then
		ip -n "$LAB-middle" link set "m${1}b" nomaster
	else
		ip -n "$LAB-middle" link set "m${1}a" down
		ip -n "$LAB-middle" link set "m${1}b" down
	fi
}
join() {
	if [ "$2" = silent ]; then
		ip -n "$LAB-middle" link set "m${1}b" master "bridge$1"
	else
		ip -n "$LAB-middle" link set "m${1}a" up
		ip -n "$LAB-middle" link set "m${1}b" up
	fi
}

# stall: the longest time, in seconds, that the flow brought nothing to the receiver.
stall() {
	jq '[.intervals[].sum | .bytes > 0] | reduce .[] as $ok ({n: 0, max: 0};
		if $ok then .n = 0 else .n += 1 | .max = ([.n, .max] | max) end) | .max / 10' "$1"
}

# carries INTERFACE: thousands of packets a second, not just the probe's and ARP's.
carries() {
	local before
	before=$(sent "$1")
	sleep 0.5
	[ $(($(sent "$1") - before)) -gt 500 ]
}

flow() { # silent|link
	local flow=$LAB_DIR/flow.json d server client
	lab_job vb taskset -c "$(lab_host_cpus)" iperf3 -s -1 -i 0.1 -J >"$flow"
	server=$LAB_JOB
	wait_for 5 tcp_listening vb 5201 || t_bail "iperf3 does not listen"
	lab_job va taskset -c "$(lab_host_cpus)" iperf3 -c 10.2.0.2 -t 60 -b 50M >/dev/null 2>&1
	client=$LAB_JOB
	t_wait "$1: the flow goes by path d" 5 carries d
	cut d "$1"
	t_wait "$1: path d is known to be cut" 5 is_probe d down
	t_wait "$1: the flow goes by path e" 5 carries e
	d=$(sent d)
	sleep 0.5
	t_within "$1: and no more by path d" "$(($(sent d) - d))" 0 200
	join d "$1"
	t_wait "$1: joined again" 10 is_probe d up
	t_wait "$1: the flow goes by path d again" 5 carries d
	kill -INT "$client" # the server tells what it has received until then
	wait "$client" "$server"
	t_within "$1: the flow stood still for no longer than a second" "$(stall "$flow")" 0 1
}
silent() { flow silent; }
link() { flow link; }
t_attempts 3 silent
t_attempts 3 link

# By class: what is marked EF goes by path e, whatever the metrics say.
policy() {
	lab_ctl -j policy list v/r | jq -c ".[0].$1"
}
marked() {
	lab_in va ping -n -q -c 20 -i 0.02 -W 1 -Q 0xb8 10.2.0.2 2>/dev/null |
		sed -n 's/.* \([0-9]*\) received.*/\1/p'
}
before=$(policy packets)
t_is "marked pings are answered" "$(marked)" 20
t_is "and counted by the policy" "$(($(policy packets) - before))" 20
cut e silent
t_wait "path e is lost" 5 is_probe e down
t_is "the policy says so" "$(policy alive)" false
t_is "marked pings go by the routes" "$(marked)" 20
t_is "and are none of the policy's" "$(($(policy packets) - before))" 20
join e silent
t_wait "path e is there again" 10 is_probe e up
t_is "as is the policy's way" "$(policy alive)" true

t_within "losses are in the log, each once" "$(grep -c 'peer 10.13.0.2 is lost' "$LAB_LOG")" 1 1
t_conserved "every packet is accounted for"
kill -TERM "$daemon_b"
wait "$daemon_b"
t_is "router b stops as asked" "$?" 0
t_done
