#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# TCP through a shaped virtual router uses at least 0.9 of the rate as goodput, in both directions.
#
#   v1a 10.0.1.2 --- p1a vpxi1/vr1 p1b --- v1b 10.0.2.2     100 Mbit/s each way
#   v2a 10.0.1.2 --- p2a vpxi2/vr1 p2b --- v2b 10.0.2.2     20 Mbit/s each way
# shellcheck source=test/netns/lib/tap.sh
. "$(dirname "$0")/lib/tap.sh"

lab_begin
lab_probe
lab_vpxi 1
lab_vpxi 2
lab_site 100Mbps 20Mbps >"$LAB_DIR/site.yaml"
t_start "$LAB_DIR/site.yaml"
for n in 1 2; do
	lab_warm "$n" || t_bail "hosts of vpxi$n do not reach each other"
done

# goodput N [IPERF3 OPTION]: Mbit/s as received, after the first second.
goodput() {
	local n=$1
	shift
	lab_job "v${n}b" taskset -c "$(lab_host_cpus)" iperf3 -s -1 >/dev/null 2>&1
	wait_for 5 tcp_listening "v${n}b" 5201 || return
	lab_in "v${n}a" taskset -c "$(lab_host_cpus)" iperf3 -c 10.0.2.2 -t 4 -O 1 -J "$@" |
		jq '.end.sum_received.bits_per_second / 1e6 * 100 | round / 100'
	wait "$LAB_JOB"
}

# At most: the rate is that of frames, of which 1448 of 1514 bytes are the user's.
all() {
	t_within "100 Mbit/s: goodput a to b" "$(goodput 1)" 90 96
	t_within "100 Mbit/s: goodput b to a" "$(goodput 1 -R)" 90 96
	t_within "20 Mbit/s: goodput a to b" "$(goodput 2)" 18 19.3
}

t_attempts 3 all
t_conserved "every packet is accounted for"
t_done
