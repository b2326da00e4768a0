/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files behind dp.h share: the one dataplane of the process. Control thread only. */
#ifndef HPSR_DATAPLANE_DP_STATE_H
#define HPSR_DATAPLANE_DP_STATE_H

#include "dataplane/dp.h"
#include "dataplane/vr.h"
#include "dataplane/worker.h"

struct dp {
	struct rte_mempool *pool;
	struct worker *workers;
	unsigned int n_workers;
	bool inline_run, launched;
	bool sleeps; /* some worker does, when nothing arrives */
	uint16_t mtu_max;
	uint32_t n_bufs;
	uint64_t weight[CTX_WORKERS_MAX]; /* of the virtual routers on each worker */
};

extern struct dp dp;

/* Write one line to err (DP_ERR_LEN) and return rc. */
int dp_fail(char *err, int rc, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Whether hugepages will be used: WANTED is dp_conf.hugepages. */
bool dp_eal_hugepages(int wanted, uint64_t memory_bytes);

/* Start EAL as the configuration asks. 0 or -errno with err. */
int dp_eal_init(const struct dp_conf *conf, uint64_t memory_bytes, char *err);
/* Does the main lcore have a CPU that this lcore does not run on? */
bool dp_eal_spare_cpu(uint32_t lcore);
/* End it, and remove its runtime directory. */
void dp_eal_fini(void);

/* A router's tables; fib6 is NULL where neither interfaces nor routes need it. */
struct dp_tables {
	struct fib *fib4, *fib6;
};

/* New tables for the router: local and connected routes of IFACES, and the static ones. Each entry
 * holds a reference on its next hop. */
int dp_table_build(struct vr *vr, struct iface *const *ifaces, size_t n_ifaces,
	const struct dp_route_spec *routes, size_t n_routes, struct dp_tables *out, char *err);
/* No reader may use them any more. */
void dp_tables_destroy(struct dp_tables *tables);
/* Give back the references of tables that are not, or no longer, published: the next hops that die
 * of it are written to dead (room for nexthops.used), and counted. */
size_t dp_table_put(struct vr *vr, const struct dp_tables *tables, uint32_t *dead);
/* Let the home worker forget dead next hops, then free them. */
void dp_nexthops_free(struct vr *vr, const uint32_t *dead, size_t n_dead);
/* Why there is this route. */
enum dp_route_origin dp_route_origin(
	const struct vr *vr, const struct ip_prefix *prefix, uint32_t nh);
/* The static routes of the router's table; *out is the caller's to free. 0 or -ENOMEM. */
int dp_routes_static(struct vr *vr, struct dp_route_spec **out, size_t *n);

#endif
