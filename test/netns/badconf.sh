#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Site files that must not start anything: every fault is told with line and column, exit 2.
# shellcheck source=test/netns/lib/tap.sh
. "$(dirname "$0")/lib/tap.sh"

lab_begin
file=$LAB_DIR/site.yaml

# daemon ARGUMENT...: must end by itself.
daemon() {
	timeout -k 1 20 ip netns exec "$LAB-router" "$HPSROUTERD" "$@"
}

good() {
	cat <<-END
	site: lyon
	control: {socket: $LAB_SOCKET}
	slices:
	  - {name: s0, lcores: [1], idle: sleep}
	ports:
	  - {name: p0, device: "net_null0", capacity: 1Gbps}
	  - {name: p1, device: "net_null1", capacity: 1Gbps}
	vpxis:
	  - name: vpxi1
	    routers:
	      - name: vr1
	        slice: s0
	        interfaces:
	          - {name: a, port: p0, address: [10.0.1.1/24]}
	          - {name: b, port: p1, address: [10.0.2.1/24], rate: {static: 100Mbps}}
	        routes:
	          - {to: 10.9.0.0/16, via: 10.0.2.2}
	END
}

good >"$file"
t_status "--check of a good file exits 0" 0 daemon -c "$file" --check
t_is "and starts nothing" "$([ -e "$LAB_SOCKET" ] && echo socket)" ""

good | sed -e '4s/lcores: \[1\]/lcores: [one]/' -e '6s/capacity:/capasity:/' \
	-e '14s/port: p0/port: p7/' -e '15s/100Mbps/100Mbit/' -e '17s/10\.0\.2\.2/10.0.7.2/' >"$file"
for how in "" --check; do
	# shellcheck disable=SC2086 # none or one argument
	t_status "five faults${how:+ with $how}: exit 2" 2 daemon -c "$file" $how
	t_match "the lcore, with what was expected" "$T_OUT" "^$file:4:[0-9]+: .*one"
	t_match "the unknown key names the nearest known one" "$T_OUT" "^$file:6:[0-9]+: .*capasity.*capacity"
	t_match "the rate" "$T_OUT" "^$file:15:[0-9]+: .*100Mbit"
	t_is "nothing but faults with their place, in order" \
		"$(grep -vcE "^$file:[0-9]+:[0-9]+: " <<<"$T_OUT") $(cut -d: -f2 <<<"$T_OUT" | sort -nc && echo sorted)" \
		"0 sorted"
done
# What needs a whole tree to judge: names, gateways, doubles.
good | sed -e '14s/port: p0/port: p7/' -e '17s/10\.0\.2\.2/10.0.7.2/' \
	-e '7s/name: p1/name: p0/' >"$file"
t_status "faults between parts: exit 2" 2 daemon -c "$file" --check
t_match "a port that is not there" "$T_OUT" "^$file:14:[0-9]+: .*p7"
t_match "two ports of one name" "$T_OUT" "^$file:7:[0-9]+: .*p0"
t_match "a gateway in no network" "$T_OUT" "^$file:17:[0-9]+: .*10\.0\.7\.2"

good | sed '15s/10\.0\.2\.1/10.0.1.9/;17s/10\.0\.2\.2/10.0.1.2/' >"$file"
t_status "overlapping addresses in one router: exit 2" 2 daemon -c "$file" --check
t_match "with both" "$T_OUT" "^$file:15:[0-9]+: .*10\.0\.1\."

good | sed '15s/static: 100Mbps/min: 900Mbps, max: 2Gbps/' | sed '6,7s/1Gbps/500Mbps/' >"$file"
t_status "guarantees beyond the port: exit 2" 2 daemon -c "$file" --check
t_match "with the numbers" "$T_OUT" "^$file:[0-9]+:[0-9]+: .*900.*500|^$file:[0-9]+:[0-9]+: .*500.*900"

# 64 MiB of buffers cannot hold queues of 1 GiB.
good | sed -e '1a eal: {memory: 64MiB}' \
	-e '15s/100Mbps}/100Mbps}, shape: {queue: 1024MiB}/' >"$file"
for how in "" --check; do
	# shellcheck disable=SC2086 # none or one argument
	t_status "queues beyond the buffer pool${how:+ with $how}: exit 2" 2 daemon -c "$file" $how
	t_match "with two numbers: what they need, what there is" "$T_OUT" \
		"^$file:[0-9]+:[0-9]+: .*[0-9]{4,}.*[^0-9][0-9]{3,}"
done

printf 'site: lyon\n\tports: []\n' >"$file"
t_status "no YAML: exit 2" 2 daemon -c "$file"
t_match "with its place" "$T_OUT" "^$file:2:[0-9]+: "
: >"$file"
t_status "an empty file: exit 2" 2 daemon -c "$file"
t_status "a file that is not there: exit 2" 2 daemon -c "$LAB_DIR/nosuch.yaml"
t_match "with its name" "$T_OUT" "nosuch\.yaml"
t_status "a directory: exit 2" 2 daemon -c "$LAB_DIR"
head -c 100000 /dev/urandom >"$file"
t_status "noise: exit 2" 2 daemon -c "$file"
good | sed '6s/net_null0/net_nosuch0/' >"$file"
t_status "a device that is not there: exit 2" 2 daemon -c "$file"
t_match "with its line" "$T_OUT" "^$file:6:[0-9]+: .*net_nosuch0"
t_status "an unknown option: exit 2" 2 daemon --nosuch
t_status "--help: exit 0" 0 daemon --help
t_status "--version: exit 0" 0 daemon --version
t_done
