/* SPDX-License-Identifier: BSD-3-Clause */
/* Lookups and updates of our forwarding table beside DPDK's, in one process, over the same routes
 * and destinations, in turn. Cycles are those of the TSC; each figure is the median of its rounds.
 */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_log.h>
#include <rte_malloc.h>
#include <rte_memory.h>

#include "bench/fib_peers.h"
#include "bench/fib_routes.h"
#include "dataplane/fib.h"

#define ROUNDS_MAX 99
#define PEERS_MAX 8
#define NHS 256u
#define RANDOM_DESTINATIONS (1u << 20)
#define FEW_DESTINATIONS 4096u
#define SLICE 4096u /* lookups timed together */
#define UPDATES 200000u
#define UPDATE_SECONDS 1.0
#define TABLES 1000u
#define TABLE_ROUTES 1000u

struct options {
	bool json, quick;
	unsigned int rounds;
	uint64_t seed;
	uint32_t only;    /* routes; 0: all sizes */
	const char *part; /* of the names of what to run; "": all */
};

struct result {
	const struct peer *peer;
	void *table;
	size_t bytes;
	double build_rate, update_rate; /* a second; 0: an update failed */
	double random[ROUNDS_MAX], few[ROUNDS_MAX];
};

static bool json_more;

static void die(const char *what)
{
	fprintf(stderr, "fib: %s\n", what);
	exit(1);
}

static void *must(void *memory)
{
	if (!memory)
		die("out of memory");
	return memory;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* Sorts. */
static double median(double *values, unsigned int n)
{
	qsort(values, n, sizeof(values[0]), compare);
	return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

static size_t heap_bytes(void)
{
	struct rte_malloc_socket_stats stats;
	size_t sum = 0;

	for (int socket = 0; socket < RTE_MAX_NUMA_NODES; socket++)
		if (rte_malloc_get_socket_stats(socket, &stats) == 0)
			sum += stats.heap_allocsz_bytes;
	return sum;
}

static size_t address_bytes(enum ip_af af)
{
	return af == IP_AF_4 ? sizeof(uint32_t) : 16;
}

static void address_put(enum ip_af af, void *ips, size_t at, const uint8_t ip[16])
{
	if (af == IP_AF_4)
		((uint32_t *)ips)[at] = (uint32_t)ip[0] << 24 | (uint32_t)ip[1] << 16 |
			(uint32_t)ip[2] << 8 | ip[3];
	else
		memcpy((uint8_t *)ips + at * 16, ip, 16);
}

static void *destinations(
	enum ip_af af, const struct route *routes, uint32_t n, uint32_t count, uint64_t seed)
{
	void *ips = must(aligned_alloc(64, count * address_bytes(af)));
	uint64_t random = seed;
	uint8_t ip[16];

	for (uint32_t i = 0; i < count; i++) {
		route_address(&routes[(random_next(&random) >> 20) % n], &random, ip);
		address_put(af, ips, i, ip);
	}
	return ips;
}

/* Cycles a lookup over all of them, in bursts: the median of slices that are short enough for most
 * of them not to be interrupted. The sum of the next hops proves that two tables agree. */
static double pass(const struct result *result, const void *ips, uint32_t count,
	unsigned int repeat, uint64_t *sum)
{
	static double slices[RANDOM_DESTINATIONS / SLICE];
	size_t stride = address_bytes(result->peer->af);
	unsigned int n = 0;
	uint64_t total = 0;

	for (unsigned int r = 0; r < repeat; r++)
		for (uint32_t from = 0; from < count; from += SLICE) {
			uint64_t start = rte_rdtsc_precise();

			for (uint32_t i = from; i < from + SLICE; i += PEER_BURST)
				total += result->peer->lookup(
					result->table, (const char *)ips + i * stride, PEER_BURST);
			slices[n++] = (double)(rte_rdtsc_precise() - start) / SLICE;
		}
	*sum = total;
	return median(slices, n);
}

static double measure_updates(
	const struct result *result, const struct route *routes, uint32_t n, uint64_t seed)
{
	uint64_t random = seed, start = rte_rdtsc(), limit, now;
	uint32_t done = 0;

	limit = start + (uint64_t)(UPDATE_SECONDS * (double)rte_get_tsc_hz());
	while (done < UPDATES) {
		const struct route *route = &routes[(random_next(&random) >> 20) % n];

		int rc = result->peer->del(result->table, route);

		if (rc == 0)
			rc = result->peer->add(result->table, route);
		if (rc < 0) {
			fprintf(stderr, "fib: %s: update %u of a /%u: %s\n", result->peer->name,
				done, route->prefix.len, strerror(-rc));
			return 0;
		}
		done += 2;
		if (done % 64 == 0 && rte_rdtsc() > limit)
			break;
	}
	now = rte_rdtsc();
	return done * (double)rte_get_tsc_hz() / (double)(now - start);
}

static bool build(struct result *result, const struct route *routes, uint32_t n)
{
	size_t before = heap_bytes();
	uint64_t start = rte_rdtsc();

	result->table = result->peer->create(n);
	if (!result->table)
		return false;
	for (uint32_t i = 0; i < n; i++)
		if (result->peer->add(result->table, &routes[i]) < 0) {
			fprintf(stderr, "fib: %s: full at route %u of %u\n", result->peer->name, i,
				n);
			result->peer->destroy(result->table);
			return false;
		}
	result->build_rate = n * (double)rte_get_tsc_hz() / (double)(rte_rdtsc() - start);
	result->bytes =
		result->peer->bytes ? result->peer->bytes(result->table) : heap_bytes() - before;
	return true;
}

static void print_result(const struct options *options, struct result *result, uint32_t n)
{
	unsigned int rounds = options->rounds;
	double random = median(result->random, rounds), least = result->random[0];
	double few = median(result->few, rounds), few_least = result->few[0];
	if (options->json)
		printf("%s{\"table\": \"%s\", \"routes\": %u, \"cycles_random\": %.2f, "
		       "\"cycles_random_min\": %.2f, \"cycles_4096\": %.2f, "
		       "\"cycles_4096_min\": %.2f, \"bytes\": %zu, \"adds_per_second\": %.0f, "
		       "\"updates_per_second\": %.0f}",
			json_more ? ",\n" : "", result->peer->name, n, random, least, few,
			few_least, result->bytes, result->build_rate, result->update_rate);
	else
		printf("%-16s %7u %8.1f %8.1f %8.1f %8.1f %11.1f %10.0f %10.0f\n",
			result->peer->name, n, random, least, few, few_least,
			(double)result->bytes / 1024, result->build_rate, result->update_rate);
	json_more = true;
	fflush(stdout);
}

static void compare_at(const struct options *options, enum ip_af af, uint32_t n)
{
	struct route *routes = routes_make(af, n, NHS, options->seed);
	void *many = destinations(af, routes, n, RANDOM_DESTINATIONS, options->seed + 1);
	void *few = destinations(af, routes, n, FEW_DESTINATIONS, options->seed + 2);
	static struct result results[PEERS_MAX];
	unsigned int count = 0;

	for (unsigned int i = 0; i < peers_n; i++) {
		results[count].peer = &peers[i];
		if (peers[i].af == af && strstr(peers[i].name, options->part) &&
			build(&results[count], routes, n))
			count++;
	}
	for (unsigned int round = 0; round < options->rounds + 1; round++) {
		uint64_t want = 0, want_few = 0, sum;

		for (unsigned int i = 0; i < count; i++) {
			unsigned int slot = round ? round - 1 : 0; /* the first is a warm-up */

			results[i].random[slot] =
				pass(&results[i], many, RANDOM_DESTINATIONS, 1, &sum);
			want = i ? want : sum;
			if (sum != want)
				die("two tables do not agree");
			pass(&results[i], few, FEW_DESTINATIONS, 8, &sum);
			results[i].few[slot] = pass(&results[i], few, FEW_DESTINATIONS, 128, &sum);
			want_few = i ? want_few : sum;
			if (sum != want_few)
				die("two tables do not agree");
		}
	}
	for (unsigned int i = 0; i < count; i++) {
		results[i].update_rate = measure_updates(&results[i], routes, n, options->seed + 3);
		print_result(options, &results[i], n);
		results[i].peer->destroy(results[i].table);
	}
	free(routes);
	free(many);
	free(few);
}

/* A thousand tables of a thousand routes, a table drawn for each packet of a burst. */
static void measure_mixed(const struct options *options, enum ip_af af)
{
	uint64_t *roots = must(calloc(RANDOM_DESTINATIONS, sizeof(roots[0])));
	void *ips = must(aligned_alloc(64, RANDOM_DESTINATIONS * address_bytes(af)));
	static struct fib *fibs[TABLES];
	struct route **routes = must(calloc(TABLES, sizeof(routes[0])));
	const char *name = af == IP_AF_4 ? "hpsr fib4 mixed" : "hpsr fib6 mixed";
	double cycles[ROUNDS_MAX], middle;
	struct fib_conf conf = {.af = af};
	uint64_t random = options->seed, sum = 0;
	size_t bytes = 0;

	for (unsigned int t = 0; t < TABLES; t++) {
		routes[t] = routes_make(af, TABLE_ROUTES, NHS, options->seed + t);
		fibs[t] = must(fib_create(&conf));
		for (unsigned int i = 0; i < TABLE_ROUTES; i++)
			if (fib_add(fibs[t], &routes[t][i].prefix, routes[t][i].nh) < 0)
				die("out of memory");
		bytes += fib_total_bytes(fibs[t]);
	}
	for (uint32_t i = 0; i < RANDOM_DESTINATIONS; i++) {
		uint32_t t = (uint32_t)((random_next(&random) >> 20) % TABLES);
		uint8_t ip[16];

		route_address(&routes[t][(random_next(&random) >> 20) % TABLE_ROUTES], &random, ip);
		address_put(af, ips, i, ip);
		roots[i] = fib_root_get(fib_view_get(fibs[t]));
	}
	for (unsigned int round = 0; round < options->rounds + 1; round++) {
		static double slices[RANDOM_DESTINATIONS / SLICE];
		uint32_t nhs[PEER_BURST];

		for (uint32_t from = 0; from < RANDOM_DESTINATIONS; from += SLICE) {
			uint64_t start = rte_rdtsc_precise();

			for (uint32_t i = from; i < from + SLICE; i += PEER_BURST) {
				if (af == IP_AF_4)
					fib4_lookup_mixed(
						&roots[i], (uint32_t *)ips + i, nhs, PEER_BURST);
				else
					fib6_lookup_mixed(&roots[i], (const uint8_t(*)[16])ips + i,
						nhs, PEER_BURST);
				for (unsigned int j = 0; j < PEER_BURST; j++)
					sum += nhs[j] == FIB_NH_NONE;
			}
			slices[from / SLICE] = (double)(rte_rdtsc_precise() - start) / SLICE;
		}
		cycles[round ? round - 1 : 0] = median(slices, RANDOM_DESTINATIONS / SLICE);
	}
	if (sum)
		die("a covered destination without a route");
	middle = median(cycles, options->rounds);
	if (options->json)
		printf("%s{\"table\": \"%s\", \"tables\": %u, \"routes\": %u, "
		       "\"cycles_random\": %.2f, \"cycles_random_min\": %.2f, \"bytes\": %zu}",
			json_more ? ",\n" : "", name, TABLES, TABLE_ROUTES, middle, cycles[0],
			bytes);
	else
		printf("%-16s %u tables of %u routes each: %.1f cycles a lookup (least %.1f), "
		       "%.1f KiB a table\n",
			name, TABLES, TABLE_ROUTES, middle, cycles[0],
			(double)bytes / TABLES / 1024);
	json_more = true;
	for (unsigned int t = 0; t < TABLES; t++) {
		fib_destroy(fibs[t]);
		free(routes[t]);
	}
	free(routes);
	free(roots);
	free(ips);
}

/* DPDK's tables get transparent huge pages as ours do, since there may be no others. */
static int ask_for_huge_pages(const struct rte_memseg_list *list, void *arg)
{
	(void)arg;
	(void)madvise(list->base_va, list->len, MADV_HUGEPAGE);
	return 0;
}

static void start_eal(void)
{
	char *args[] = {"fib", "--no-huge", "--no-pci", "--no-shconf", "-m", "4096", "-l", "0",
		"--log-level=error", "--force-max-simd-bitwidth=512", "--no-telemetry", NULL};

	if (rte_eal_init((int)(sizeof(args) / sizeof(args[0])) - 1, args) < 0)
		die("cannot start DPDK's EAL");
	rte_memseg_list_walk(ask_for_huge_pages, NULL);
}

static void usage(FILE *to)
{
	fputs("usage: fib [-j] [-q] [-n ROUTES] [-r ROUNDS] [-s SEED] [-t PART]\n"
	      "  -j  JSON\n"
	      "  -q  quick: 1000 and 10000 routes only\n"
	      "  -n  one of the table's sizes only\n"
	      "  -r  rounds of each figure, 5..99 (9)\n"
	      "  -s  seed of routes and destinations (1)\n"
	      "  -t  only tables with this in their names\n",
		to);
}

int main(int argc, char **argv)
{
	static const uint32_t sizes4[] = {1000, 10000, 100000, 900000};
	static const uint32_t sizes6[] = {1000, 10000, 100000, 200000};
	struct options options = {.rounds = 9, .seed = 1, .part = ""};
	unsigned int sizes;
	int c;

	while ((c = getopt(argc, argv, "hjn:qr:s:t:")) != -1) {
		switch (c) {
		case 'j':
			options.json = true;
			break;
		case 'n':
			options.only = (uint32_t)strtoul(optarg, NULL, 10);
			break;
		case 't':
			options.part = optarg;
			break;
		case 'q':
			options.quick = true;
			break;
		case 'r':
			options.rounds = (unsigned int)strtoul(optarg, NULL, 10);
			break;
		case 's':
			options.seed = strtoull(optarg, NULL, 10);
			break;
		case 'h':
			usage(stdout);
			return 0;
		default:
			usage(stderr);
			return 2;
		}
	}
	if (optind != argc || options.rounds < 5 || options.rounds > ROUNDS_MAX || !options.seed) {
		usage(stderr);
		return 2;
	}
	start_eal();
	if (options.json)
		printf("{\"tsc_hz\": %llu, \"rounds\": %u, \"seed\": %llu, \"results\": [\n",
			(unsigned long long)rte_get_tsc_hz(), options.rounds,
			(unsigned long long)options.seed);
	else
		printf("Cycles a lookup of random destinations and of 4096: median, least\n"
		       "%-16s %7s %8s %8s %8s %8s %11s %10s %10s\n",
			"table", "routes", "random", "least", "4096", "least", "KiB", "adds/s",
			"updates/s");
	sizes = options.quick ? 2 : 4;
	for (unsigned int i = 0; i < sizes; i++)
		if (!options.only || options.only == sizes4[i])
			compare_at(&options, IP_AF_4, sizes4[i]);
	for (unsigned int i = 0; i < sizes; i++)
		if (!options.only || options.only == sizes6[i])
			compare_at(&options, IP_AF_6, sizes6[i]);
	if (strstr("hpsr fib4 mixed", options.part))
		measure_mixed(&options, IP_AF_4);
	if (strstr("hpsr fib6 mixed", options.part))
		measure_mixed(&options, IP_AF_6);
	if (options.json)
		printf("\n]}\n");
	rte_eal_cleanup();
	return 0;
}
