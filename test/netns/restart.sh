#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# The daemon is stopped, killed and started again on the same ports; a second one is refused.
#
#   v1a 10.0.1.2 --- p1a vpxi1/vr1 p1b --- v1b 10.0.2.2
# shellcheck source=test/netns/lib/tap.sh
. "$(dirname "$0")/lib/tap.sh"

lab_begin
lab_probe
lab_vpxi 1
site=$LAB_DIR/site.yaml
lab_site 100Mbps >"$site"
t_start "$site"
t_wait "the hosts reach each other" 10 lab_reachable v1a 10.0.2.2

# A second daemon on the same socket: refused, and the first one goes on.
first=$LAB_PID
t_status "a second daemon on the same socket exits 2" 2 \
	timeout 20 ip netns exec "$LAB-router" "$HPSROUTERD" -c "$site"
t_match "and says where" "$T_OUT" "site\.yaml:[0-9]+:[0-9]+: .*control\.sock"
t_status "the first one still answers" 0 lab_ctl status
t_is "its pid is the same" "$(lab_ctl -j status | jq .pid)" "$first"
t_is "and forwards" "$(lab_ping v1a 10.0.2.2 10 0.02)" "10 10"

for turn in 1 2 3; do
	lab_router_stop TERM
	t_is "stop $turn: exit status" "$?" 0
	if [ -e "$LAB_SOCKET" ]; then
		t_fail "stop $turn: the socket is gone"
	else
		t_pass "stop $turn: the socket is gone"
	fi
	t_start "$site"
	t_wait "start $turn: the hosts reach each other" 10 lab_reachable v1a 10.0.2.2
	t_is "start $turn: no ping is lost" "$(lab_ping v1a 10.0.2.2 10 0.02)" "10 10"
done

# Killed: the socket stays behind, the kernel takes the ports back.
lab_router_stop KILL
t_is "killed" "$?" 137
if [ -S "$LAB_SOCKET" ]; then
	t_pass "a stale socket is left"
else
	t_fail "a stale socket is left"
fi
t_status "no daemon at the socket: hpsrctl exits 4" 4 lab_ctl status
t_start "$site"
t_wait "started over the stale socket: the hosts reach each other" 10 lab_reachable v1a 10.0.2.2

# What is at the socket's place and is no socket is not taken away.
lab_router_stop TERM
printf 'precious\n' >"$LAB_SOCKET"
t_status "a file at the socket's place: exit 2" 2 \
	timeout 20 ip netns exec "$LAB-router" "$HPSROUTERD" -c "$site"
t_is "and it is left alone" "$(cat "$LAB_SOCKET")" precious
t_done
