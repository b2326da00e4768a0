/* SPDX-License-Identifier: BSD-3-Clause */
/* What surrounds the daemon: command line, environment, service manager, loading and starting. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "ctrl/boot.h"
#include "ctrl/grant.h"
#include "ctrl/notify.h"
#include "ctrl/options.h"
#include "ctrl_site.h"
#include "fake_dp.h"

/* ---- options ---- */

struct options_case {
	const char *env[3]; /* config, check, verbose; NULL: not set */
	const char *argv[6];
	int rc;
	struct options expected;
};

static const struct options_case options_cases[] = {
	{{NULL}, {NULL}, 0, {.config = OPTIONS_CONFIG_DEFAULT}},
	{{NULL}, {"-c", "x.yaml", "--check", "-vv"}, 0, {"x.yaml", true, 2, false, false}},
	{{NULL}, {"--config=x.yaml", "-v"}, 0, {"x.yaml", false, 1, false, false}},
	{{"env.yaml", "1", "2"}, {NULL}, 0, {"env.yaml", true, 2, false, false}},
	{{"env.yaml", "no", "1"}, {"-c", "x.yaml", "-v"}, 0, {"x.yaml", false, 2, false, false}},
	{{"", "", ""}, {"--help"}, 0, {OPTIONS_CONFIG_DEFAULT, false, 0, true, false}},
	{{NULL}, {"-V"}, 0, {OPTIONS_CONFIG_DEFAULT, false, 0, false, true}},
	{{NULL, "maybe"}, {NULL}, -EINVAL, {0}},
	{{NULL, NULL, "much"}, {NULL}, -EINVAL, {0}},
	{{NULL}, {"-c"}, -EINVAL, {0}},
	{{NULL}, {"-x"}, -EINVAL, {0}},
	{{NULL}, {"--nonsense"}, -EINVAL, {0}},
	{{NULL}, {"site.yaml"}, -EINVAL, {0}},
};

static void test_options(void **state)
{
	static const char *const names[] = {
		"HPSROUTER_CONFIG", "HPSROUTER_CHECK", "HPSROUTER_VERBOSE"};

	(void)state;
	for (size_t i = 0; i < sizeof(options_cases) / sizeof(options_cases[0]); i++) {
		const struct options_case *c = &options_cases[i];
		char *argv[8] = {strdup("hpsrouterd")}, *text = NULL, *kept[8];
		struct options options;
		size_t len = 0;
		FILE *err = open_memstream(&text, &len);
		int argc = 1;

		for (int e = 0; e < 3; e++) {
			if (c->env[e])
				setenv(names[e], c->env[e], 1);
			else
				unsetenv(names[e]);
		}
		for (; c->argv[argc - 1]; argc++)
			argv[argc] = strdup(c->argv[argc - 1]);
		memcpy(kept, argv, sizeof(kept));
		assert_int_equal(options_parse(argc, argv, &options, err), c->rc);
		fclose(err);
		assert_int_equal(c->rc < 0, text[0] != '\0');
		if (c->rc == 0) {
			assert_string_equal(options.config, c->expected.config);
			assert_int_equal(options.check, c->expected.check);
			assert_int_equal(options.verbose, c->expected.verbose);
			assert_int_equal(options.help, c->expected.help);
			assert_int_equal(options.version, c->expected.version);
		}
		free(text);
		for (int a = 0; a < argc; a++)
			free(kept[a]);
	}
	for (int e = 0; e < 3; e++)
		unsetenv(names[e]);
}

/* ---- notify ---- */

static int manager(const struct sockaddr_un *address, size_t path_len)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	assert_int_equal(bind(fd, (const struct sockaddr *)address,
				 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + path_len)),
		0);
	return fd;
}

static const char *received(int fd, char *buf, size_t size)
{
	ssize_t n = recv(fd, buf, size - 1, 0);

	buf[n > 0 ? n : 0] = '\0';
	return buf;
}

static void test_notify(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	char dir[] = "/tmp/hpsr-notify-XXXXXX", buf[600], name[64];
	int fd;

	(void)state;
	unsetenv("NOTIFY_SOCKET");
	assert_int_equal(notify_send("READY=1"), 0);
	assert_non_null(mkdtemp(dir));
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/n", dir);
	setenv("NOTIFY_SOCKET", address.sun_path, 1);
	assert_int_equal(notify_send("READY=1"), -ENOENT);
	fd = manager(&address, strlen(address.sun_path));
	assert_int_equal(notify_send("READY=1\nSTATUS=%d VPXIs", 3), 0);
	assert_string_equal(received(fd, buf, sizeof(buf)), "READY=1\nSTATUS=3 VPXIs");
	assert_int_equal(notify_reloading(), 0);
	assert_memory_equal(received(fd, buf, sizeof(buf)), "RELOADING=1\nMONOTONIC_USEC=", 27);
	memset(buf, 'x', sizeof(buf) - 1);
	buf[sizeof(buf) - 1] = '\0';
	assert_int_equal(notify_send("%s", buf), -EMSGSIZE);
	close(fd);
	assert_int_equal(notify_send("READY=1"), -ECONNREFUSED);
	unlink(address.sun_path);
	rmdir(dir);
	/* In the abstract name space. */
	memset(&address, 0, sizeof(address));
	address.sun_family = AF_UNIX;
	snprintf(name, sizeof(name), "@hpsr-notify-%d", (int)getpid());
	memcpy(address.sun_path + 1, name + 1, strlen(name) - 1);
	fd = manager(&address, strlen(name));
	setenv("NOTIFY_SOCKET", name, 1);
	assert_int_equal(notify_send("WATCHDOG=1"), 0);
	assert_string_equal(received(fd, buf, sizeof(buf)), "WATCHDOG=1");
	close(fd);
	setenv("NOTIFY_SOCKET", "vsock:2:1", 1);
	assert_int_equal(notify_send("READY=1"), -EAFNOSUPPORT);
	unsetenv("NOTIFY_SOCKET");
}

static void test_watchdog(void **state)
{
	char pid[32];

	(void)state;
	unsetenv("WATCHDOG_PID");
	unsetenv("WATCHDOG_USEC");
	assert_int_equal(notify_watchdog_us(), 0);
	setenv("WATCHDOG_USEC", "30000000", 1);
	assert_int_equal(notify_watchdog_us(), 15000000);
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	setenv("WATCHDOG_PID", pid, 1);
	assert_int_equal(notify_watchdog_us(), 15000000);
	setenv("WATCHDOG_PID", "1", 1);
	assert_int_equal(notify_watchdog_us(), 0);
	unsetenv("WATCHDOG_PID");
	setenv("WATCHDOG_USEC", "30s", 1);
	assert_int_equal(notify_watchdog_us(), 0);
	setenv("WATCHDOG_USEC", "-1", 1);
	assert_int_equal(notify_watchdog_us(), 0);
	unsetenv("WATCHDOG_USEC");
}

/* ---- boot ---- */

static int load(
	const char *text, const struct check_bufs *bufs, struct model_site **site, char **lines)
{
	char path[] = "/tmp/hpsr-boot-test-XXXXXX";
	int fd = mkstemp(path), rc;
	struct diag diag;

	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	assert_int_equal(diag_init(&diag, "site.yaml"), 0);
	rc = boot_load(path, bufs, site, &diag);
	assert_int_equal(rc<0, diag.n_errors> 0);
	*lines = diag_format(&diag);
	diag_fini(&diag);
	unlink(path);
	return rc;
}

/* What fits into the memory depends on hugepages: as the file says, not as the machine has. */
static void test_boot_hugepages(void **state)
{
	static const struct {
		const char *eal;
		int rc;
	} cases[] = {
		{"eal: {hugepages: yes, memory: 46598KiB}\nslices:\n", 0},
		{"eal: {hugepages: no, memory: 46598KiB}\nslices:\n", -EINVAL},
	};

	/* one queue of 4 MiB, and a quarter: 23280 buffers in all; 46598 KiB hold 23857 or 22721 of
	 * the fake's */
	char *deep = ctrl_site_edit(
		CTRL_SITE, "rate: {min: 50Mbps}", "rate: {min: 50Mbps}, shape: {queue: 4MiB}");

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		char *text = ctrl_site_edit(deep, "slices:\n", cases[i].eal), *lines;
		struct model_site *site;

		fake_dp_reset();
		assert_int_equal(load(text, NULL, &site, &lines), cases[i].rc);
		model_site_destroy(site);
		free(lines);
		free(text);
	}
	free(deep);
}

static void test_boot(void **state)
{
	/* 3 queues of 1024 and a quarter at the port (best effort has none), 2 ports of 100, 2
	 * routers of 10, 2 workers of 10, by the fake's word.
	 */
	const uint64_t needed = 3 * 1280 + 2 * 100 + 2 * 10 + 20;
	const uint64_t needed_deep = needed - 1280 + 16384 / 4 * 5; /* one queue of 4 MiB */
	char *deep = ctrl_site_edit(
		CTRL_SITE, "rate: {min: 50Mbps}", "rate: {min: 50Mbps}, shape: {queue: 4MiB}");
	char *text = ctrl_site_edit(deep, "slices:\n", "eal: {memory: 16MiB}\nslices:\n");
	struct check_bufs bufs = {
		.total = needed - 1, .per_port = 100, .per_router = 10, .fixed = 20};
	struct model_site *site;
	struct diag diag;
	char *lines, expected[64];

	(void)state;
	fake_dp_reset();
	assert_int_equal(load(CTRL_SITE, NULL, &site, &lines), 0);
	free(lines);
	/* auto: a quarter more, and some */
	assert_int_equal(diag_init(&diag, "site.yaml"), 0);
	assert_int_equal(boot_dataplane(site, &diag), 0);
	snprintf(expected, sizeof(expected), "init lyon bufs=%d mtu=1500 slices=2 pci=0\n",
		(int)(needed / 4 * 5 + 4096));
	assert_string_equal(fake_dp_log(), expected);
	fake_dp_fail_at(1, -ENODEV, "no such lcore");
	assert_int_equal(boot_dataplane(site, &diag), -ENODEV);
	assert_int_equal(diag.n_errors, 1);
	diag_fini(&diag);
	model_site_destroy(site);
	/* 16 MiB hold 8388 buffers of the fake's: too few, and both numbers are told */
	assert_int_equal(load(text, NULL, &site, &lines), -EINVAL);
	assert_null(site);
	snprintf(expected, sizeof(expected), "%d", (int)needed_deep);
	if (!strstr(lines, expected))
		print_error("expected %s, got %s\n", expected, lines);
	assert_non_null(strstr(lines, expected));
	assert_non_null(strstr(lines, "8388"));
	free(lines);
	assert_int_equal(load(CTRL_SITE, &bufs, &site, &lines), -EINVAL);
	free(lines);
	bufs.total = needed;
	assert_int_equal(load(CTRL_SITE, &bufs, &site, &lines), 0);
	free(lines);
	model_site_destroy(site);
	assert_int_equal(diag_init(&diag, "missing.yaml"), 0);
	assert_int_equal(boot_load("/nonexistent/site.yaml", NULL, &site, &diag), -ENOENT);
	assert_int_equal(diag.n_errors, 1);
	diag_fini(&diag);
	free(text);
	free(deep);
}

/* The contract's own example runs. */
static void test_check_example(void **state)
{
	struct model_site *site;
	struct diag diag;
	char *text;

	(void)state;
	fake_dp_reset();
	assert_int_equal(diag_init(&diag, "EXAMPLE"), 0);
	assert_int_equal(boot_load(EXAMPLES "/interface.yaml", NULL, &site, &diag), 0);
	assert_non_null(site);
	text = diag_format(&diag);
	assert_string_equal(text, "");
	free(text);
	diag_fini(&diag);
	model_site_destroy(site);
}

static void test_pci(void **state)
{
	static const struct {
		const char *device;
		int pci;
	} cases[] = {
		{"\"0000:3b:00.0\"", 1},
		{"\"3b:00.0,queues=2\"", 1},
		{"\"pci:0000:3b:00.0\"", 1},
		{"\"net_af_xdp0,iface=veth0\"", 0},
		{"\"net_pcap0,iface=a:b\"", 0},
		{"eth_ab", 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *text = ctrl_site_edit(CTRL_SITE, "net_null1", cases[i].device);
		struct model_site *site = ctrl_site_parse(text);
		struct diag diag;

		fake_dp_reset();
		assert_int_equal(diag_init(&diag, "site.yaml"), 0);
		assert_int_equal(boot_dataplane(site, &diag), 0);
		assert_non_null(strstr(fake_dp_log(), cases[i].pci ? "pci=1" : "pci=0"));
		diag_fini(&diag);
		model_site_destroy(site);
		free(text);
	}
}

/* ---- grants ---- */

static uint64_t speed_10g(void *ctx, const char *port)
{
	(void)ctx;
	return strcmp(port, "lan1") == 0 ? 10000000000 : 0;
}

static void test_grants(void **state)
{
	static const struct {
		const char *rate;
		uint64_t known, unknown; /* granted on 500 Mbit/s, and on who knows what */
	} cases[] = {
		{"rate: {min: 50Mbps}", 500000000, 0},
		{"rate: {max: 50Mbps}", 50000000, 50000000},
		{"rate: {min: 50Mbps, max: 60Mbps}", 60000000, 60000000},
		{"rate: {static: 50Mbps}", 50000000, 50000000},
		{"rate: {max: 5Gbps}", 500000000, 5000000000},
	};
	const struct grant_speeds speeds = {.get = speed_10g};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *text = ctrl_site_edit(CTRL_SITE, "rate: {min: 50Mbps}", cases[i].rate);
		struct model_site *site = ctrl_site_parse(text);
		struct model_port *port = model_port_lookup(site, "lan1");
		struct grant_fault fault;
		struct grant_set set;

		assert_int_equal(grant_capacity(port, NULL), 500000000);
		assert_int_equal(grant_port(site, port, NULL, &set), 0);
		assert_int_equal(set.n, 2);
		assert_int_equal(set.links[0].grant.granted_bps, cases[i].known);
		assert_int_equal(set.links[1].grant.granted_bps, 0);
		grant_set_fini(&set);
		port->capacity_bps = MODEL_RATE_NONE;
		assert_int_equal(grant_capacity(port, NULL), GRANT_UNKNOWN);
		assert_int_equal(grant_capacity(port, &speeds), 5000000000);
		assert_int_equal(grant_site(site, NULL, &set), 0);
		assert_int_equal(set.n, 4);
		assert_int_equal(
			grant_lookup(&set, &site->vpxis[0].routers[0].interfaces[1]).granted_bps,
			cases[i].unknown);
		assert_int_equal(
			grant_lookup(&set, &site->vpxis[0].routers[0].interfaces[0]).granted_bps,
			100000000);
		grant_set_fini(&set);
		assert_int_equal(grant_check(site, port, NULL, &fault), 0);
		model_site_destroy(site);
		free(text);
	}
}

static void test_infeasible(void **state)
{
	struct model_site *site = ctrl_site_parse(CTRL_SITE);
	struct model_rate *rate = &site->vpxis[1].routers[0].interfaces[0].rate;
	struct model_port *port = model_port_lookup(site, "lan0");
	struct grant_fault fault;
	char text[256];

	(void)state;
	assert_int_equal(grant_check(site, port, NULL, &fault), 0);
	rate->min_bps = rate->max_bps = 900000000;
	assert_int_equal(grant_check(site, port, NULL, &fault), 0);
	rate->min_bps = rate->max_bps = 900000001;
	assert_int_equal(grant_check(site, port, NULL, &fault), -ENOSPC);
	assert_string_equal(fault.vpxi->name, "b");
	grant_fault_print(&fault, text, sizeof(text));
	assert_string_equal(text,
		"port lan0: the guaranteed minima of its links exceed its share "
		"for VPXIs, 1Gbps, by 1bps");
	rate->min_bps = 2000;
	rate->max_bps = 1000;
	assert_int_equal(grant_check(site, port, NULL, &fault), -ENOSPC);
	grant_fault_print(&fault, text, sizeof(text));
	assert_string_equal(text, "b/r1/in: min 2kbps exceeds max 1kbps by 1kbps");
	model_site_destroy(site);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_notify),
		cmocka_unit_test(test_watchdog),
		cmocka_unit_test(test_boot),
		cmocka_unit_test(test_boot_hugepages),
		cmocka_unit_test(test_check_example),
		cmocka_unit_test(test_pci),
		cmocka_unit_test(test_grants),
		cmocka_unit_test(test_infeasible),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
