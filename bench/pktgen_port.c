/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_dev.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_lcore.h>

#include "bench/pktgen.h"

#define POOL_CACHE 256
#define POOL_MORE 2048 /* in bursts, caches and rings, beyond the descriptors */
#define MEMORY_MIB "256"
#define DEVICE_NAME 64

static int fail(const char *what, const char *which, int rc)
{
	fprintf(stderr, "pktgen: %s%s%s: %s\n", what, *which != '\0' ? " " : "", which,
		rte_strerror(-rc));
	return rc;
}

static bool hugepages_free(void)
{
	FILE *file = fopen("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "re");
	unsigned long n = 0;

	if (file == NULL)
		return false;
	if (fscanf(file, "%lu", &n) != 1)
		n = 0;
	fclose(file);
	return n * 2 >= (unsigned long)atol(MEMORY_MIB);
}

static int eal_start(const struct pktgen_options *o)
{
	bool huge = o->hugepages > 0 || (o->hugepages < 0 && hugepages_free());
	char lcores[64], prefix[64];
	/* Lcore N is on CPU N where there is such, on any else. */
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	char *argv[] = {(char *)"pktgen", prefix, (char *)"--no-telemetry",
		(char *)"--log-level=lib.*:warning", (char *)"--log-level=*:warning",
		(char *)"--log-level=lib.eal:error", (char *)"--lcores", lcores, (char *)"-m",
		(char *)MEMORY_MIB, NULL, NULL, NULL, NULL};
	int argc = 10, rc;

	snprintf(prefix, sizeof(prefix), "--file-prefix=hpsr-pktgen%d", (int)getpid());
	if (o->n_lcores == 1)
		snprintf(lcores, sizeof(lcores), "%u@%ld", o->lcores[0], o->lcores[0] % cpus);
	else
		snprintf(lcores, sizeof(lcores), "%u@%ld,%u@%ld", o->lcores[0], o->lcores[0] % cpus,
			o->lcores[1], o->lcores[1] % cpus);
	if (huge) {
		argv[argc++] = (char *)"--in-memory";
	} else {
		argv[argc++] = (char *)"--no-huge";
		argv[argc++] = (char *)"--no-shconf";
	}
	if (strncmp(o->tx_device, "net_", 4) == 0 &&
		(o->rx_device == NULL || strncmp(o->rx_device, "net_", 4) == 0))
		argv[argc++] = (char *)"--no-pci";
	rc = rte_eal_init(argc, argv);
	return rc < 0 ? fail("DPDK does not start", "", -rte_errno) : 0;
}

static int port_start(const struct pktgen_options *o, const char *device, struct rte_mempool *pool,
	uint16_t *port, struct mac_addr *mac)
{
	struct rte_eth_conf conf = {0};
	uint16_t n_rx = (uint16_t)o->n_desc, n_tx = (uint16_t)o->n_desc;
	struct rte_ether_addr address;
	char name[DEVICE_NAME];
	int rc;

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(device, ","), device);
	if (rte_eth_dev_get_port_by_name(name, port) < 0) {
		rc = rte_dev_probe(device);
		if (rc < 0)
			return fail("cannot open", device, rc);
		if (rte_eth_dev_get_port_by_name(name, port) < 0)
			return fail("no Ethernet device", device, -ENODEV);
	}
	rc = rte_eth_dev_configure(*port, 1, 1, &conf);
	if (rc == 0)
		rc = rte_eth_dev_adjust_nb_rx_tx_desc(*port, &n_rx, &n_tx);
	if (rc == 0)
		rc = rte_eth_rx_queue_setup(*port, 0, n_rx, SOCKET_ID_ANY, NULL, pool);
	if (rc == 0)
		rc = rte_eth_tx_queue_setup(*port, 0, n_tx, SOCKET_ID_ANY, NULL);
	if (rc == 0)
		rc = rte_eth_dev_start(*port);
	if (rc < 0)
		return fail("cannot start", device, rc);
	rte_eth_promiscuous_enable(*port);
	rc = rte_eth_macaddr_get(*port, &address);
	if (rc < 0)
		return fail("no MAC of", device, rc);
	memcpy(mac->bytes, address.addr_bytes, sizeof(mac->bytes));
	/* Ring and capture devices have none; a router would take such a sender for a fault. */
	if (mac_is_zero(mac))
		*mac = (struct mac_addr){{2, 0, 0, 0, 1, (uint8_t)(*port + 1)}};
	return 0;
}

static int links_wait(const struct pktgen_options *o, const struct pktgen_ports *ports)
{
	uint64_t end = rte_rdtsc() + (uint64_t)(o->link * (double)rte_get_tsc_hz());
	uint16_t both[2] = {ports->tx, ports->rx};

	for (unsigned int i = 0; i < 2;) {
		struct rte_eth_link link = {0};

		if (rte_eth_link_get_nowait(both[i], &link) == 0 &&
			link.link_status == RTE_ETH_LINK_UP) {
			i++;
			continue;
		}
		if (pktgen_stopped || rte_rdtsc() > end)
			return fail("no link on",
				i == 0 || o->rx_device == NULL ? o->tx_device : o->rx_device,
				-ETIMEDOUT);
		rte_delay_us_sleep(1000);
	}
	return 0;
}

int pktgen_ports_open(struct pktgen_ports *ports, const struct pktgen_options *o)
{
	unsigned int n_bufs = 2 * o->n_desc + POOL_MORE;
	int rc;

	rc = eal_start(o);
	if (rc < 0)
		return rc;
	/* Two pools: what is sent keeps the bytes that it was filled with once. */
	ports->tx_pool = rte_pktmbuf_pool_create(
		"tx", n_bufs, POOL_CACHE, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	ports->rx_pool = rte_pktmbuf_pool_create(
		"rx", 2 * n_bufs, POOL_CACHE, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	if (ports->tx_pool == NULL || ports->rx_pool == NULL)
		return fail("packet buffers", "", -rte_errno);
	rc = port_start(o, o->tx_device, ports->rx_pool, &ports->tx, &ports->tx_mac);
	if (rc == 0 && o->rx_device != NULL)
		rc = port_start(o, o->rx_device, ports->rx_pool, &ports->rx, &ports->rx_mac);
	if (rc == 0 && o->rx_device == NULL) {
		ports->rx = ports->tx;
		ports->rx_mac = ports->tx_mac;
	}
	if (rc == 0)
		rc = links_wait(o, ports);
	return rc;
}

void pktgen_ports_close(struct pktgen_ports *ports)
{
	char dir[512];
	uint16_t port;

	(void)ports;
	RTE_ETH_FOREACH_DEV (port) {
		rte_eth_dev_stop(port);
		rte_eth_dev_close(port);
	}
	snprintf(dir, sizeof(dir), "%s", rte_eal_get_runtime_dir());
	rte_eal_cleanup();
	rmdir(dir); /* empty, since nothing is shared; else it stays */
}
