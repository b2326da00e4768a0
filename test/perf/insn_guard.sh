#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Counts, with callgrind, the instructions that pipeline_receive and all that it calls spend on a
# packet, and compares them with insn_baseline.tsv: more than 3 % over it fails. Instructions, not
# time: the count is the same whatever else the machine does.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
baseline=$here/insn_baseline.tsv
packets=4096 # as many as a capture file has: each is forwarded once
limit=3      # per cent

usage() {
	cat <<-'END'
	Usage: test/perf/insn_guard.sh [--update] [FORWARD]

	FORWARD is the program build/bench/forward, built for release by gcc (default: that of
	build/). --update writes what is counted to insn_baseline.tsv, to be committed.
	Exit: 0 within the limit, 1 over it, 2 bad usage, 77 cannot be compared here.
	END
}

update=0
case ${1:-} in
--update)
	update=1
	shift
	;;
-h | --help)
	usage
	exit 0
	;;
-*)
	usage >&2
	exit 2
	;;
esac
forward=${1:-$root/build/bench/forward}
if [ $# -gt 1 ] || [ ! -x "$forward" ]; then
	printf 'insn_guard: no program %s\n' "$forward" >&2
	usage >&2
	exit 2
fi
command -v valgrind >/dev/null || {
	echo "insn_guard: skipped: valgrind is not installed"
	exit 77
}

scratch=$(mktemp -d "${TMPDIR:-/tmp}/hpsr-insn.XXXXXX")
child=
finish() {
	trap - EXIT
	[ -z "$child" ] || kill -KILL "$child" 2>/dev/null || true
	rm -rf "$scratch" "/var/run/dpdk/hpsr-bench${child:-none}"
}
trap finish EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# The capture files of the benches: the same packets each time.
PYTHONPATH=$root/bench /usr/bin/python3 -B - "$scratch" <<'END'
import os
import sys
import packets

os.rename(packets.make(sys.argv[1], "64B-4096dst", True), sys.argv[1] + "/vlan.pcap")
os.rename(packets.make(sys.argv[1], "64B-4096dst", False), sys.argv[1] + "/plain.pcap")
os.rename(packets.make(sys.argv[1], "64B-4096dst", True, ip6=True), sys.argv[1] + "/ipv6.pcap")
os.rename(packets.make_overlay(sys.argv[1], "vlan", answers="4"), sys.argv[1] + "/encap.pcap")
os.rename(packets.make_overlay(sys.argv[1], "vxlan"), sys.argv[1] + "/decap.pcap")
packets.SCALE_PACKETS, packets.ROUTES = packets.PACKETS, 100
os.rename(packets.make_scale(sys.argv[1], 32), sys.argv[1] + "/many.pcap")
END

# count PCAP [OPTION...]: prints instructions a packet.
count() {
	local pcap=$1 total
	shift
	# Symbols are bound before, so that binding them is not counted.
	LD_BIND_NOW=1 valgrind --tool=callgrind --callgrind-out-file="$scratch/out" \
		--toggle-collect=pipeline_receive "$forward" --pcap "$scratch/$pcap" \
		--hugepages no --bufs 16384 --sharing off --inline "$packets" "$@" \
		>"$scratch/said" 2>&1 </dev/null &
	child=$!
	if ! wait "$child" || ! grep -q '"all_forwarded": true' "$scratch/said" ||
		! grep -q "\"received\": $packets," "$scratch/said"; then
		cat "$scratch/said" >&2
		echo "insn_guard: forward did not do its work under valgrind" >&2
		return 1
	fi
	child=
	total=$(sed -n 's/^totals: \([0-9]*\)$/\1/p' "$scratch/out")
	awk -v total="$total" -v n="$packets" 'BEGIN { if (total <= 0) exit 1; printf "%.1f\n", total / n }'
}

compiler=$(readelf -p .comment "$forward" | sed -n 's/.*\(GCC: .*\|clang version .*\)/\1/p' | head -1)
version=$(printf '%s\n' "$compiler" | sed 's/.*) *//') # "12.2.0"
if [ "$update" -eq 0 ]; then
	wanted=$(sed -n 's/^# compiler: .*) *//p' "$baseline")
	if [ "$version" != "$wanted" ]; then
		echo "insn_guard: skipped: the baseline is of gcc $wanted, this is built by $compiler"
		exit 77
	fi
fi

counted=$scratch/counted
printf '# SPDX-License-Identifier: BSD-3-Clause\n# compiler: %s\n# case\tinstructions a packet\n' \
	"$compiler" >"$counted"
status=0
while read -r name pcap options; do
	# shellcheck disable=SC2086 # several words
	now=$(count "$pcap" $options)
	printf '%s\t%s\n' "$name" "$now" >>"$counted"
	[ "$update" -eq 0 ] || {
		printf '%-10s %7s instructions a packet\n' "$name" "$now"
		continue
	}
	was=$(awk -F '\t' -v name="$name" '$1 == name { print $2 }' "$baseline")
	if [ -z "$was" ]; then
		echo "insn_guard: $baseline has no case $name; --update adds it" >&2
		status=1
		continue
	fi
	awk -v name="$name" -v was="$was" -v now="$now" -v limit="$limit" 'BEGIN {
		change = 100 * (now - was) / was
		over = now > was * (1 + limit / 100)
		verdict = "ok"
		if (over) verdict = "FAILED: over +" limit " %"
		else if (change < -limit) verdict = "ok; --update keeps the gain"
		printf "%-10s %7.1f instructions a packet, baseline %7.1f: %+.1f %% %s\n",
			name, now, was, change, verdict
		exit over
	}' || status=1
done <<-'END'
	vlan   vlan.pcap
	plain  plain.pcap --untagged
	shaped vlan.pcap  --shape 400Gbps
	many   many.pcap  --vrs 32 --routes 100
	encap  encap.pcap --out vxlan
	decap  decap.pcap --in vxlan
	ipv6   ipv6.pcap  --ip6
END
if [ "$update" -eq 1 ]; then
	cp "$counted" "$baseline"
	echo "wrote $baseline"
fi
exit "$status"
