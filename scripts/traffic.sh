# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# iperf3 between the two hosts of VPXIs, and what the receiving side saw. Sourced, after lab.sh.
#
# Rates are those of L2 frames without FCS. UDP goes in frames of 1514 bytes, of which iperf3 sees
# 1472; the receiver's bytes are scaled back.

TRAFFIC_FRAME=1514
TRAFFIC_PAYLOAD=1472

# traffic_server N: one iperf3 test in VPXI N, to $LAB_DIR/N.server. Its pid in LAB_JOB.
traffic_server() {
	rm -f "$LAB_DIR/$1.server"
	lab_job "v${1}b" taskset -c "$(lab_host_cpus)" iperf3 -s -1 -J -i "${2:-0.5}" \
		--logfile "$LAB_DIR/$1.server"
	traffic_servers[$1]=$LAB_JOB
	wait_for 10 traffic_listening "v${1}b" || die "iperf3 -s does not listen on v${1}b"
}

traffic_listening() {
	lab_in "$1" ss -Htln 'sport = :5201' | grep -q .
}

# As large as the kernel lets an ordinary socket be: bursts wait there while the receiver does not
# run.
traffic_window() {
	printf '%dK\n' "$(($(cat /proc/sys/net/core/rmem_max) * 2 / 1024 - 16))"
}

# traffic_client N OPTION...: the other side, in the background.
traffic_client() {
	local n=$1
	shift
	lab_job "v${n}a" taskset -c "$(lab_host_cpus)" iperf3 -c 10.0.2.2 -J \
		--logfile "$LAB_DIR/$n.client" "$@" 2>"$LAB_DIR/$n.error"
	traffic_clients[n]=$LAB_JOB
}

# traffic_udp_client N MBPS SECONDS: MBPS of frames.
traffic_udp_client() {
	rm -f "$LAB_DIR/$1.client"
	traffic_client "$1" -u -t "$3" -l "$TRAFFIC_PAYLOAD" -w "$(traffic_window)" \
		-b "$(awk -v r="$2" -v p="$TRAFFIC_PAYLOAD" -v f="$TRAFFIC_FRAME" \
			'BEGIN { printf "%.0f", r * 1e6 * p / f }')"
}

traffic_tcp_client() {
	rm -f "$LAB_DIR/$1.client"
	traffic_client "$1" -t "$2"
}

# traffic_wait N...: both sides to their end; 1 when one of them failed.
traffic_wait() {
	local n status=0
	for n in "$@"; do
		wait "${traffic_clients[$n]}" || status=1
		wait "${traffic_servers[$n]}" || status=1
		if [ "$status" -ne 0 ]; then
			cat "$LAB_DIR/$n.error" >&2
			jq -r '.error // empty' "$LAB_DIR/$n.client" "$LAB_DIR/$n.server" >&2
			return 1
		fi
	done
}

# traffic_udp_mbps N [FROM TO]: L2 Mbit/s received between these seconds of the flow (default: all
# but the first and the last half second).
traffic_udp_mbps() {
	jq -r --argjson frame "$TRAFFIC_FRAME" --argjson payload "$TRAFFIC_PAYLOAD" \
		--argjson from "${2:-0.4}" --argjson to "${3:-null}" '
		[.intervals[].sum | select(.seconds > 0)] as $all |
		($to // ($all[-1].start + 0.1)) as $to |
		[$all[] | select(.start >= $from and .end <= $to + 0.001)] as $used |
		if ($used | length) == 0 then "nan" else
		([$used[].bytes] | add) * 8 / ([$used[].seconds] | add) / 1e6 * $frame / $payload
		end' "$LAB_DIR/$1.server"
}

# traffic_udp_loss N: the share of the datagrams that did not arrive.
traffic_udp_loss() {
	jq -r '.end.sum_received | if .packets > 0 then .lost_packets / .packets else "nan" end' \
		"$LAB_DIR/$1.server"
}

# traffic_tcp_mbps N: goodput in Mbit/s, payload only, less the first and last half second.
traffic_tcp_mbps() {
	jq -r '[.intervals[].sum | select(.seconds > 0)] as $all |
		[$all[] | select(.start >= 0.4 and .start < $all[-1].start)] as $used |
		if ($used | length) == 0 then "nan" else
		([$used[].bytes] | add) * 8 / ([$used[].seconds] | add) / 1e6 end' "$LAB_DIR/$1.server"
}

# Datagrams that this host's kernel dropped because the receiver did not fetch them in time.
traffic_host_drops() {
	lab_in "$1" awk '/^Udp:/ && $2 ~ /[0-9]/ { print $6 }' /proc/net/snmp
}
