#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# scripts/demo sites keeps its promises, and leaves nothing behind, also when it is interrupted at
# different moments.
#
#   the demo's own laboratory: three HPSRouters, two VPXIs, four hosts
# shellcheck source=test/netns/lib/tap.sh
. "$(dirname "$0")/lib/tap.sh"
# shellcheck source=test/netns/lib/demo.sh
. "$(dirname "$0")/lib/demo.sh"

lab_begin
whole() {
	t_demo_whole '^(ping|who|TTL|TCP|direct|  lost|  joined|fault)' sites --seconds 8
}
t_attempts 2 whole
for moment in "starting three routers" "the direct link is cut"; do
	t_demo_ended "$moment" sites --seconds 8
done
t_status "bad usage: exit 2" 2 "$DEMO" sites --seconds 7
t_done
