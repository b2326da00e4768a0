/* SPDX-License-Identifier: BSD-3-Clause */
/* The drops of tunnels and of ports' own addresses. */
#ifndef HPSR_TEST_WIRE_DROPS_TUNNEL_H
#define HPSR_TEST_WIRE_DROPS_TUNNEL_H

#include "wire.h"

/* Make a drop for this reason, once, at a tunnel of the router. False: it is not of this kind. */
bool drops_tunnel_make(dp_vr_id vr, enum drop_reason reason);

#endif
