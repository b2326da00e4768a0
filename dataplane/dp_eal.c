/* SPDX-License-Identifier: BSD-3-Clause */
/* EAL's arguments, from what the site file says and what the machine has. */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_log.h>

#include "dataplane/dp_state.h"
#include "lib/log.h"

#define EAL_ARGS_MAX 26
#define EAL_MAP_LEN 2048
#define HUGEPAGES_DIR "/sys/kernel/mm/hugepages"

int dp_fail(char *err, int rc, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(err, DP_ERR_LEN, format, args);
	va_end(args);
	return rc;
}

/* Bytes of free hugepages of all sizes. */
static uint64_t hugepages_free_bytes(void)
{
	struct dirent *entry;
	uint64_t total = 0;
	DIR *dir = opendir(HUGEPAGES_DIR);

	if (dir == NULL)
		return 0;
	while ((entry = readdir(dir)) != NULL) {
		uint64_t kib, n = 0;
		char path[512];
		FILE *file;

		if (sscanf(entry->d_name, "hugepages-%" SCNu64 "kB", &kib) != 1)
			continue;
		snprintf(path, sizeof(path), HUGEPAGES_DIR "/%s/free_hugepages", entry->d_name);
		file = fopen(path, "re");
		if (file == NULL)
			continue;
		if (fscanf(file, "%" SCNu64, &n) == 1)
			total += n * kib * 1024;
		fclose(file);
	}
	closedir(dir);
	return total;
}

bool dp_eal_hugepages(int wanted, uint64_t memory_bytes)
{
	return wanted > 0 || (wanted < 0 && hugepages_free_bytes() >= memory_bytes);
}

/* "1@0,2@1,0@(0,1)": workers on the CPU of their number, modulo the CPUs that we may use; the
 * control thread, as the main lcore, on the CPUs that no worker has, or on all. */
static int lcore_map(
	const struct dp_conf *conf, char *map, size_t len, unsigned int *main_lcore, char *err)
{
	bool used[RTE_MAX_LCORE] = {false}, busy[CPU_SETSIZE] = {false};
	int cpus[CPU_SETSIZE], n_cpus = 0, n_busy = 0;
	cpu_set_t allowed;
	size_t at = 0;

	if (sched_getaffinity(0, sizeof(allowed), &allowed) < 0)
		return dp_fail(err, -errno, "CPU affinity: %s", strerror(errno));
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &allowed))
			cpus[n_cpus++] = cpu;
	for (size_t s = 0; s < conf->n_slices; s++)
		for (size_t i = 0; i < conf->slices[s].n_lcores; i++) {
			unsigned int lcore = conf->slices[s].lcores[i];
			int cpu;

			if (lcore >= RTE_MAX_LCORE || used[lcore])
				return dp_fail(err, -EINVAL, "slice %s: lcore %u %s",
					conf->slices[s].name, lcore,
					lcore >= RTE_MAX_LCORE ? "is over 127" : "is used twice");
			used[lcore] = true;
			cpu = lcore < CPU_SETSIZE && CPU_ISSET(lcore, &allowed)
				? (int)lcore
				: cpus[lcore % (unsigned int)n_cpus];
			n_busy += !busy[cpu];
			busy[cpu] = true;
			at += (size_t)snprintf(map + at, len - at, "%u@%d,", lcore, cpu);
		}
	for (*main_lcore = 0; *main_lcore < RTE_MAX_LCORE && used[*main_lcore];)
		++*main_lcore;
	if (*main_lcore == RTE_MAX_LCORE)
		return dp_fail(err, -EINVAL, "slices use all %u lcores: none is left for control",
			RTE_MAX_LCORE);
	at += (size_t)snprintf(map + at, len - at, "%u@(", *main_lcore);
	for (int i = 0; i < n_cpus && at < len; i++)
		if (n_busy == n_cpus || !busy[cpus[i]])
			at += (size_t)snprintf(map + at, len - at, "%d,", cpus[i]);
	if (at >= len - 1)
		return dp_fail(err, -EINVAL, "slices: lcore map too long");
	map[at - 1] = ')';
	return 0;
}

/* libxdp and libbpf tell on stderr what they tried; their failures come back as return codes. */
static void quiet_xdp(void)
{
	static const char *const libs[][2] = {
		{"libxdp.so.1", "libxdp_set_print"}, {"libbpf.so.1", "libbpf_set_print"}};

	if (log_get_level() >= LOG_LEVEL_DEBUG)
		return;
	for (size_t i = 0; i < RTE_DIM(libs); i++) {
		void *lib = dlopen(libs[i][0], RTLD_LAZY | RTLD_NOLOAD);
		void *(*set_print)(void *);

		if (lib == NULL)
			continue;
		*(void **)&set_print = dlsym(lib, libs[i][1]);
		if (set_print != NULL)
			set_print(NULL);
		dlclose(lib);
	}
}

/* EAL prints its own usage at a bad argument; ours come from the site file, and the error names
 * them. */
static void usage_quiet(const char *program)
{
	(void)program;
}

int dp_eal_init(const struct dp_conf *conf, uint64_t memory_bytes, char *err)
{
	char map[EAL_MAP_LEN], main_text[16], memory_text[32], prefix[DP_NAME_LEN + 16];
	char *argv[EAL_ARGS_MAX];
	unsigned int main_lcore = 0;
	bool huge = dp_eal_hugepages(conf->hugepages, memory_bytes);
	int argc = 0, rc;

	if (conf->lcores != NULL) {
		snprintf(map, sizeof(map), "%s", conf->lcores);
	} else {
		rc = lcore_map(conf, map, sizeof(map), &main_lcore, err);
		if (rc < 0)
			return rc;
	}
	snprintf(
		memory_text, sizeof(memory_text), "%" PRIu64, (memory_bytes + (1 << 20) - 1) >> 20);
	snprintf(prefix, sizeof(prefix), "--file-prefix=hpsr-%s", conf->site);
	argv[argc++] = (char *)"hpsrouterd";
	argv[argc++] = prefix;
	argv[argc++] = (char *)"--no-telemetry";
	argv[argc++] = (char *)"--log-level=lib.*:warning";
	argv[argc++] = (char *)"--log-level=*:warning";
	argv[argc++] =
		(char *)"--log-level=lib.eal:error"; /* warns of each size without hugepages */
	argv[argc++] = (char *)"--lcores";
	argv[argc++] = map;
	if (conf->lcores == NULL) {
		snprintf(main_text, sizeof(main_text), "%u", main_lcore);
		argv[argc++] = (char *)"--main-lcore";
		argv[argc++] = main_text;
	}
	argv[argc++] = (char *)"-m";
	argv[argc++] = memory_text;
	/* Either way no file is shared, and none survives us. */
	if (huge) {
		argv[argc++] = (char *)"--in-memory";
	} else {
		argv[argc++] = (char *)"--no-huge";
		argv[argc++] = (char *)"--no-shconf";
	}
	if (!conf->pci)
		argv[argc++] = (char *)"--no-pci";
	argv[argc] = NULL;
	rte_set_application_usage_hook(usage_quiet);
	if (rte_eal_init(argc, argv) < 0)
		return dp_fail(err, rte_errno > 0 ? -rte_errno : -EIO,
			"DPDK does not start with --lcores %s, %s MiB of %s memory: %s", map,
			memory_text, huge ? "hugepage" : "ordinary", rte_strerror(rte_errno));
	quiet_xdp();
	log_info("dataplane", "DPDK started lcores=%s memory_mib=%s hugepages=%s", map, memory_text,
		huge ? "yes" : "no");
	return 0;
}

bool dp_eal_spare_cpu(uint32_t lcore)
{
	rte_cpuset_t main_cpus = rte_lcore_cpuset(rte_get_main_lcore());
	rte_cpuset_t cpus = rte_lcore_cpuset(lcore);

	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &main_cpus) && !CPU_ISSET(cpu, &cpus))
			return true;
	return false;
}

void dp_eal_fini(void)
{
	char dir[512];

	snprintf(dir, sizeof(dir), "%s", rte_eal_get_runtime_dir());
	rte_eal_cleanup();
	/* Nothing was put there; were it in use by somebody else, it would not be empty. */
	if (rmdir(dir) < 0)
		log_debug("dataplane", "%s stays: %s", dir, strerror(errno));
}
