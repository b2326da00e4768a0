#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# scripts/demo keeps its promises, and leaves nothing behind, also when it is interrupted at
# different moments.
#
#   the demo's own laboratory: three VPXIs, six hosts
# shellcheck source=test/netns/lib/tap.sh
. "$(dirname "$0")/lib/tap.sh"
# shellcheck source=test/netns/lib/demo.sh
. "$(dirname "$0")/lib/demo.sh"

lab_begin
whole() {
	t_demo_whole '^(UDP|TCP|rate|foreign|ping|fault)' --seconds 8
}
t_attempts 3 whole
for moment in "starting the router" "ping through" "UDP at CF 1.0" "TCP through"; do
	t_demo_ended "$moment" --seconds 20
done
t_status "bad usage: exit 2" 2 "$DEMO" --seconds soon
t_done
