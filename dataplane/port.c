/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_bus.h>
#include <rte_cycles.h>
#include <rte_dev.h>
#include <rte_ethdev.h>

#include "dataplane/port.h"
#include "dataplane/portsched.h"
#include "dataplane/underlay.h"
#include "lib/log.h"

#define PORT_RX_DESC 1024
#define PORT_TX_DESC 1024

struct port *port_table[PORT_MAX + 1];

/* "net_af_xdp0,iface=veth0" names the ethdev "net_af_xdp0". */
static void device_name(const char *device, char *name, size_t len)
{
	snprintf(name, len, "%.*s", (int)strcspn(device, ","), device);
}

static int port_probe(struct port *port, const char *device, char *err)
{
	char name[RTE_DEV_NAME_MAX_LEN];
	int rc;

	device_name(device, name, sizeof(name));
	if (rte_eth_dev_get_port_by_name(name, &port->ethdev) == 0)
		goto found;
	rc = rte_dev_probe(device);
	if (rc < 0) {
		snprintf(err, DP_ERR_LEN, "port %s: device \"%s\" cannot be opened: %s", port->name,
			device, strerror(-rc));
		return rc;
	}
	port->ours = true;
	if (rte_eth_dev_get_port_by_name(name, &port->ethdev) < 0) {
		snprintf(err, DP_ERR_LEN, "port %s: device \"%s\" is no Ethernet device",
			port->name, device);
		return -ENODEV;
	}
found:
	for (unsigned int i = 1; i <= PORT_MAX; i++)
		if (port_table[i] != NULL && port_table[i]->ethdev == port->ethdev) {
			snprintf(err, DP_ERR_LEN, "port %s: device \"%s\" is port %s already",
				port->name, device, port_table[i]->name);
			port->ours = false;
			return -EBUSY;
		}
	return 0;
}

static int port_start(struct port *port, struct rte_mempool *pool, unsigned int n_workers,
	uint16_t mtu, bool interrupts, char *err)
{
	struct rte_eth_conf conf = {
		.rxmode = {.mq_mode = RTE_ETH_MQ_RX_NONE}, .intr_conf = {.rxq = interrupts}};
	uint16_t rx_desc = PORT_RX_DESC, tx_desc = PORT_TX_DESC, now, queues;
	struct rte_eth_dev_info info;
	const char *what;
	int rc;

	what = "asked for its abilities";
	rc = rte_eth_dev_info_get(port->ethdev, &info);
	if (rc < 0)
		goto fail;
	port->shared_tx = n_workers > 1 && info.max_tx_queues < n_workers;
	queues = port->shared_tx ? 1 : (uint16_t)n_workers;
	if ((info.tx_offload_capa & RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE) != 0)
		conf.txmode.offloads |= RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE;
	if (mtu <= info.max_mtu || info.max_mtu == 0)
		conf.rxmode.mtu = mtu;
	what = "configured";
	rc = rte_eth_dev_configure(port->ethdev, 1, queues, &conf);
	if (rc < 0)
		goto fail;
	rte_eth_dev_adjust_nb_rx_tx_desc(port->ethdev, &rx_desc, &tx_desc);
	what = "given its receive queue";
	rc = rte_eth_rx_queue_setup(port->ethdev, 0, rx_desc, SOCKET_ID_ANY, NULL, pool);
	if (rc < 0)
		goto fail;
	what = "given its transmit queues";
	for (uint16_t q = 0; q < queues; q++) {
		rc = rte_eth_tx_queue_setup(port->ethdev, q, tx_desc, SOCKET_ID_ANY, NULL);
		if (rc < 0)
			goto fail;
	}
	if (rte_eth_dev_get_mtu(port->ethdev, &now) == 0 && now != mtu) {
		/* Drivers without an MTU of their own (rings, captures) carry any size. */
		rc = rte_eth_dev_set_mtu(port->ethdev, mtu);
		what = "set to its MTU";
		if (rc < 0 && rc != -ENOTSUP)
			goto fail;
	}
	what = "started";
	rc = rte_eth_dev_start(port->ethdev);
	if (rc < 0)
		goto fail;
	/* Interfaces may have MACs of their own; drivers without a filter answer ENOTSUP. */
	rte_eth_promiscuous_enable(port->ethdev);
	/* Neighbor Discovery speaks to groups; drivers that are promiscuous do not need it. */
	rte_eth_allmulticast_enable(port->ethdev);
	return 0;
fail:
	snprintf(err, DP_ERR_LEN, "port %s: device cannot be %s: %s", port->name, what,
		strerror(-rc));
	return rc;
}

static void port_close(struct port *port, bool opened)
{
	struct rte_eth_dev_info info;
	bool removable = port->ours && opened && rte_eth_dev_info_get(port->ethdev, &info) == 0;

	if (opened) {
		/* The kernel's interface behind an AF_XDP or AF_PACKET port outlives us. */
		rte_eth_promiscuous_disable(port->ethdev);
		rte_eth_dev_stop(port->ethdev);
	}
	if (removable)
		rte_dev_remove(info.device);
}

int port_create(const struct dp_port_spec *spec, struct rte_mempool *pool, unsigned int n_workers,
	bool sleeps, struct port **out, char *err)
{
	struct rte_ether_addr mac;
	struct waker_mark mark;
	struct port *port;
	bool opened = false;
	uint8_t index = 1;
	int rc;

	while (index <= PORT_MAX && port_table[index] != NULL)
		index++;
	if (index > PORT_MAX) {
		snprintf(err, DP_ERR_LEN, "port %s: more than %u ports", spec->name, PORT_MAX);
		return -ENOSPC;
	}
	port = aligned_alloc(RTE_CACHE_LINE_SIZE, sizeof(*port));
	if (port == NULL) {
		snprintf(err, DP_ERR_LEN, "port %s: out of memory", spec->name);
		return -ENOMEM;
	}
	memset(port, 0, sizeof(*port));
	snprintf(port->name, sizeof(port->name), "%s", spec->name);
	port->index = index;
	port->mtu = spec->mtu;
	port->capacity_bps = spec->capacity_bps;
	port->share_bps = spec->share_bps;
	port->scheduled = spec->capacity_bps != 0;
	port->sched = sched_create(rte_rdtsc());
	if (port->sched == NULL) {
		snprintf(err, DP_ERR_LEN, "port %s: out of memory", spec->name);
		rc = -ENOMEM;
		goto fail;
	}
	sched_set(port->sched, spec->capacity_bps, spec->share_bps,
		(uint32_t)spec->mtu + IFACE_L2_MAX, rte_rdtsc());
	waker_mark(&mark);
	rc = port_probe(port, spec->device, err);
	if (rc < 0)
		goto fail;
	opened = true;
	rc = port_start(port, pool, n_workers, spec->mtu, sleeps, err);
	/* Some devices start only without receive interrupts. */
	if (rc < 0 && sleeps)
		rc = port_start(port, pool, n_workers, spec->mtu, false, err);
	if (rc < 0)
		goto fail;
	waker_find(&port->waker, &mark, port->ethdev);
	port->mac = spec->mac;
	if (mac_is_zero(&port->mac)) {
		rc = rte_eth_macaddr_get(port->ethdev, &mac);
		if (rc < 0) {
			snprintf(err, DP_ERR_LEN, "port %s: device has no MAC: %s", spec->name,
				strerror(-rc));
			goto fail;
		}
		memcpy(port->mac.bytes, mac.addr_bytes, sizeof(port->mac.bytes));
	}
	port_link_update(port);
	port_table[index] = port;
	*out = port;
	return 0;
fail:
	port_close(port, opened);
	sched_destroy(port->sched);
	free(port);
	return rc;
}

void port_destroy(struct port *port)
{
	if (port == NULL)
		return;
	port_table[port->index] = NULL;
	port_close(port, true);
	for (unsigned int vid = 0; vid < PORT_VIDS; vid++)
		free(port->outer[vid]);
	underlay_destroy(port->underlay);
	sched_destroy(port->sched);
	free(port);
}

int port_set_mtu(struct port *port, uint16_t mtu, char *err)
{
	int rc;

	if (mtu == port->mtu)
		return 0;
	rc = rte_eth_dev_set_mtu(port->ethdev, mtu);
	if (rc < 0 && rc != -ENOTSUP) {
		snprintf(err, DP_ERR_LEN, "port %s: MTU %u: %s", port->name, mtu, strerror(-rc));
		return rc;
	}
	port->mtu = mtu;
	return 0;
}

static struct iface **class_entry(struct port *port, uint16_t outer_vlan, uint16_t vlan)
{
	if (outer_vlan != DP_VLAN_NONE)
		return &port->outer[outer_vlan][vlan];
	if (vlan != DP_VLAN_NONE)
		return &port->vlan[vlan];
	return &port->untagged;
}

int port_class_reserve(struct port *port, uint16_t outer_vlan)
{
	struct iface **inner;

	if (outer_vlan == DP_VLAN_NONE || port->outer[outer_vlan] != NULL)
		return 0;
	inner = calloc(PORT_VIDS, sizeof(*inner));
	if (inner == NULL)
		return -ENOMEM;
	__atomic_store_n(&port->outer[outer_vlan], inner, __ATOMIC_RELEASE);
	return 0;
}

void port_class_set(struct port *port, uint16_t outer_vlan, uint16_t vlan, struct iface *iface)
{
	__atomic_store_n(class_entry(port, outer_vlan, vlan), iface, __ATOMIC_RELEASE);
	/* A priority tag (VID 0) counts as none. */
	if (outer_vlan == DP_VLAN_NONE && vlan == DP_VLAN_NONE)
		__atomic_store_n(&port->vlan[0], iface, __ATOMIC_RELEASE);
}

struct iface *port_class_lookup(const struct port *port, uint16_t outer_vlan, uint16_t vlan)
{
	if (outer_vlan != DP_VLAN_NONE && port->outer[outer_vlan] == NULL)
		return NULL;
	return *class_entry((struct port *)(uintptr_t)port, outer_vlan, vlan);
}

bool port_link_update(struct port *port)
{
	struct rte_eth_link link = {0};
	bool was = port->up;

	if (rte_eth_link_get_nowait(port->ethdev, &link) < 0)
		return false;
	port->up = link.link_status == RTE_ETH_LINK_UP;
	return port->up && !was;
}
