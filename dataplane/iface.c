/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/filter.h"
#include "dataplane/iface.h"
#include "dataplane/iface6.h"
#include "dataplane/port.h"
#include "dataplane/portsched.h"
#include "dataplane/ra.h"
#include "dataplane/tunnel.h"
#include "dataplane/vr.h"
#include "lib/slab.h"

struct iface *iface_table[IFACE_ID_MAX + 1];
static struct slab ifaces = SLAB_INIT(sizeof(struct iface));
static uint32_t last_id;

/* Ids go round, so that one is not soon given again. */
static int iface_id_alloc(struct iface *iface)
{
	for (uint32_t tries = 0; tries < IFACE_ID_MAX; tries++) {
		last_id = last_id % IFACE_ID_MAX + 1;
		if (iface_table[last_id] == NULL) {
			iface->id = last_id;
			iface->short_id = (uint16_t)last_id;
			__atomic_store_n(&iface_table[last_id], iface, __ATOMIC_RELEASE);
			return 0;
		}
	}
	return -ENOSPC;
}

static void iface_build_l2(struct iface *iface)
{
	uint8_t *p = iface->l2;

	memset(p, 0, 6);
	memcpy(p + 6, iface->mac, 6);
	p += 12;
	if (iface->outer_vlan != DP_VLAN_NONE) {
		*p++ = 0x88;
		*p++ = 0xa8;
		*p++ = (uint8_t)(iface->outer_vlan >> 8);
		*p++ = (uint8_t)iface->outer_vlan;
	}
	if (iface->vlan != DP_VLAN_NONE) {
		*p++ = 0x81;
		*p++ = 0x00;
		*p++ = (uint8_t)(iface->vlan >> 8);
		*p++ = (uint8_t)iface->vlan;
	}
	*p++ = 0x08;
	*p++ = 0x00;
	iface->l2_len = (uint8_t)(p - iface->l2);
}

static bool has_ip6(const struct ip_prefix *addresses, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (addresses[i].addr.af == IP_AF_6)
			return true;
	return false;
}

static int iface_check(const struct dp_iface_spec *spec, const struct port *port, char *err)
{
	bool tagged = spec->vlan != DP_VLAN_NONE, outer = spec->outer_vlan != DP_VLAN_NONE;

	if ((tagged && (spec->vlan == 0 || spec->vlan > 4094)) ||
		(outer && (!tagged || spec->outer_vlan == 0 || spec->outer_vlan > 4094))) {
		snprintf(err, DP_ERR_LEN, "interface %s: VLAN outside of 1..4094", spec->name);
		return -EINVAL;
	}
	if (spec->mtu != 0 && (spec->mtu < 68 || spec->mtu > port->mtu)) {
		snprintf(err, DP_ERR_LEN, "interface %s: MTU %u outside of 68..%u, the port's",
			spec->name, spec->mtu, port->mtu);
		return -EINVAL;
	}
	/* RFC 8200 5: every link carries 1280 bytes. */
	if (has_ip6(spec->addresses, spec->n_addresses) &&
		(spec->mtu != 0 ? spec->mtu : port->mtu) < IFACE6_MTU_MIN) {
		snprintf(err, DP_ERR_LEN, "interface %s: MTU below %u, which IPv6 needs",
			spec->name, IFACE6_MTU_MIN);
		return -EINVAL;
	}
	return 0;
}

int iface_create(const struct dp_iface_spec *spec, struct port *port, struct vr *vr,
	struct iface **out, char *err)
{
	struct iface *iface;
	int rc = iface_check(spec, port, err);

	if (rc < 0)
		return rc;
	iface = slab_get(&ifaces);
	if (iface == NULL)
		goto nomem;
	if (spec->n_addresses > 0) {
		iface->addresses = calloc(spec->n_addresses, sizeof(*iface->addresses));
		if (iface->addresses == NULL)
			goto nomem;
		memcpy(iface->addresses, spec->addresses,
			spec->n_addresses * sizeof(*iface->addresses));
		iface->n_addresses = spec->n_addresses;
	}
	snprintf(iface->name, sizeof(iface->name), "%s", spec->name);
	memcpy(iface->mac, mac_is_zero(&spec->mac) ? port->mac.bytes : spec->mac.bytes, 6);
	iface->vr = vr;
	iface->vr_id = vr->id;
	iface->port = port;
	iface->port_index = port->index;
	iface->outer_vlan = spec->outer_vlan;
	iface->vlan = spec->vlan;
	iface->mtu_own = spec->mtu != 0;
	iface->mtu = iface->mtu_own ? spec->mtu : port->mtu;
	iface_build_l2(iface);
	if (spec->tunnel.type != DP_TUNNEL_NONE) {
		rc = tunnel_create(&spec->tunnel, iface, err);
		if (rc < 0)
			goto fail;
		if (port->mtu < iface->outer_len + 68 ||
			(iface->mtu_own && iface->mtu > port->mtu - iface->outer_len)) {
			snprintf(err, DP_ERR_LEN,
				"interface %s: the port's MTU %u has no room for it and a tunnel's "
				"headers, %u",
				spec->name, port->mtu, iface->outer_len);
			rc = -EINVAL;
			goto fail;
		}
		if (!iface->mtu_own)
			iface->mtu = (uint16_t)(port->mtu - iface->outer_len);
	}
	if (has_ip6(iface->addresses, iface->n_addresses) && iface6_create(iface) < 0)
		goto nomem;
	if (iface->ip6 != NULL && ra_set(iface->ip6, &spec->ra) < 0) {
		snprintf(err, DP_ERR_LEN, "interface %s: interval or lifetime out of range",
			spec->name);
		rc = -EINVAL;
		goto fail;
	}
	if (iface_id_alloc(iface) < 0) {
		snprintf(err, DP_ERR_LEN, "interface %s: more than %u interfaces", spec->name,
			IFACE_ID_MAX);
		rc = -ENOSPC;
		goto fail;
	}
	*out = iface;
	return 0;
nomem:
	snprintf(err, DP_ERR_LEN, "interface %s: out of memory", spec->name);
	rc = -ENOMEM;
fail:
	if (iface != NULL) {
		iface6_destroy(iface->ip6);
		tunnel_destroy(iface->tunnel);
		free(iface->addresses);
	}
	slab_put(&ifaces, iface);
	return rc;
}

void iface_destroy(struct iface *iface)
{
	if (iface == NULL)
		return;
	__atomic_store_n(&iface_table[iface->id], NULL, __ATOMIC_RELEASE);
	iface6_destroy(iface->ip6);
	tunnel_destroy(iface->tunnel);
	free(iface->addresses);
	filter_destroy(iface->filter_in);
	filter_destroy(iface->filter_out);
	free(iface->probe);
	sched_slot_destroy(iface->slot);
	slab_put(&ifaces, iface);
}

static uint32_t mask4(uint8_t len)
{
	return len == 0 ? 0 : UINT32_MAX << (32 - len);
}

void iface_set_roots(struct iface *iface, const struct fib *fib4, const struct fib *fib6)
{
	uint64_t root6 = iface->ip6 != NULL && fib6 != NULL ? fib_root_get(fib_view_get(fib6)) : 0;

	__atomic_store_n(&iface->root4, fib_root_get(fib_view_get(fib4)), __ATOMIC_RELEASE);
	__atomic_store_n(&iface->root6, root6, __ATOMIC_RELEASE);
}

uint32_t iface_ip4(const struct iface *iface)
{
	for (size_t i = 0; i < iface->n_addresses; i++)
		if (iface->addresses[i].addr.af == IP_AF_4)
			return ipaddr_to_u32(&iface->addresses[i].addr);
	return 0;
}

bool iface_on_link4(const struct iface *iface, uint32_t ip, uint32_t *own)
{
	for (size_t i = 0; i < iface->n_addresses; i++) {
		const struct ip_prefix *prefix = &iface->addresses[i];

		if (prefix->addr.af == IP_AF_4 &&
			((ipaddr_to_u32(&prefix->addr) ^ ip) & mask4(prefix->len)) == 0) {
			*own = ipaddr_to_u32(&prefix->addr);
			return true;
		}
	}
	return false;
}

bool iface_owns4(const struct iface *iface, uint32_t ip)
{
	for (size_t i = 0; i < iface->n_addresses; i++)
		if (iface->addresses[i].addr.af == IP_AF_4 &&
			ipaddr_to_u32(&iface->addresses[i].addr) == ip)
			return true;
	return false;
}
