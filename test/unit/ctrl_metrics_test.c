/* SPDX-License-Identifier: BSD-3-Clause */
/* The metrics page over a fake dataplane: well formed, and saying what `stats` says. */
#include <ctype.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "ctrl/metrics.h"
#include "ctrl/promtext.h"
#include "ctrl_call.h"

#define NONE UINT64_MAX

static char *page(void)
{
	static char
		*text; /* not on the stack: gcc 12 takes what strstr finds in it for its address */
	size_t len;

	assert_int_equal(metrics_get(&control, &text, &len), 0);
	assert_int_equal(strlen(text), len);
	return text;
}

/* The value of the sample NAME (with its labels); NONE: it is not there. */
static uint64_t sample(const char *text, const char *name)
{
	size_t len = strlen(name);

	for (const char *at = text; (at = strstr(at, name)); at += len) {
		if ((at == text || at[-1] == '\n') && at[len] == ' ')
			return strtoull(at + len, NULL, 10);
	}
	return NONE;
}

static int compare_lines(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* "{name="value",...}": only the escapes of the format within the quotes. Returns what follows. */
static const char *skip_labels(const char *at)
{
	if (*at != '{')
		return at;
	do {
		at++;
		assert_true(isalpha((unsigned char)*at));
		at += strspn(at, "abcdefghijklmnopqrstuvwxyz_");
		assert_memory_equal(at, "=\"", 2);
		for (at += 2; *at != '"'; at++) {
			assert_true((unsigned char)*at >= ' ');
			if (*at == '\\')
				assert_non_null(strchr("\\\"n", *++at));
		}
		at++;
	} while (*at == ',');
	assert_int_equal(*at, '}');
	return at + 1;
}

/* Every line is HELP, then TYPE, then the samples of that family; none is there twice. */
static void assert_well_formed(const char *text)
{
	char *copy = strdup(text), *next = copy, *line, *seen[4096], family[128] = "",
	     type[32] = "";
	size_t n_seen = 0;

	assert_int_equal(text[strlen(text) - 1], '\n');
	while ((line = strsep(&next, "\n")) && *line) {
		char name[128], *end;
		const char *rest;
		size_t len;

		if (strncmp(line, "# HELP ", 7) == 0) {
			assert_int_equal(sscanf(line, "# HELP %127s %31s", family, type), 2);
			assert_memory_equal(family, "hpsrouter_", 10);
			type[0] = '\0';
			continue;
		}
		if (strncmp(line, "# TYPE ", 7) == 0) {
			assert_int_equal(type[0], '\0');
			assert_int_equal(sscanf(line, "# TYPE %127s %31s", name, type), 2);
			assert_string_equal(name, family);
			if (strcmp(type, "counter") == 0)
				assert_string_equal(name + strlen(name) - 6, "_total");
			else
				assert_true(strcmp(type, "gauge") == 0 ||
					strcmp(type, "histogram") == 0);
			continue;
		}
		assert_true(type[0] != '\0');
		len = strspn(line, "abcdefghijklmnopqrstuvwxyz0123456789_");
		memcpy(name, line, len);
		name[len] = '\0';
		if (strcmp(type, "histogram") == 0)
			assert_memory_equal(name, family, strlen(family));
		else
			assert_string_equal(name, family);
		rest = skip_labels(line + len);
		assert_int_equal(*rest, ' ');
		strtod(rest + 1, &end);
		assert_true(end > rest + 1 && *end == '\0');
		assert_true(n_seen < sizeof(seen) / sizeof(seen[0]));
		line[rest - line] = '\0';
		seen[n_seen++] = line;
	}
	assert_true(n_seen > 100);
	qsort(seen, n_seen, sizeof(seen[0]), compare_lines);
	for (size_t i = 1; i < n_seen; i++)
		assert_string_not_equal(seen[i - 1], seen[i]);
	free(copy);
}

/* Numbers that no two counters share. */
static void fill(void)
{
	struct dp_iface_stats *iface = fake_dp_iface("a/r1/in");
	struct dp_port_stats *port = fake_dp_port("lan0");
	struct dp_vr_stats *vr = fake_dp_vr("a/r1");

	fake_dp_conservation = (struct dp_conservation){.received = 1001,
		.sent = 902,
		.dropped = 53,
		.consumed = 44,
		.queued = 2,
		.originated = 65,
		.originated_sent = 61,
		.originated_dropped = 3,
		.originated_queued = 1};
	fake_dp_worker.busy_cycles = UINT64_C(1) << 60;
	fake_dp_worker.idle_cycles = 72;
	fake_dp_worker.n_vrs = 2;
	fake_dp_worker.drops[DROP_NO_ROUTE] = 73;
	iface->traffic = (struct dp_traffic){101, 102, 103, 104};
	iface->drops[DROP_LINK_QUEUE_FULL] = 105;
	iface->link_packets = 106;
	iface->link_bytes = 107;
	iface->queue_packets = 108;
	iface->queue_bytes = 109;
	port->traffic = (struct dp_traffic){201, 202, 203, 204};
	port->drops[DROP_RUNT] = 205;
	port->missed = 206;
	port->speed_bps = 10000000000;
	vr->traffic = (struct dp_traffic){301, 302, 303, 304};
	vr->consumed = 305;
	vr->originated = 306;
	vr->drops[DROP_TTL_EXPIRED] = 307;
	vr->cycles = 308;
	vr->packets = 309;
}

#define A_R1 "{vpxi=\"a\",vrouter=\"a/r1\",slice=\"s0\",worker=\"1\"}"
#define A_R1_IN "{vpxi=\"a\",vrouter=\"a/r1\",interface=\"in\",port=\"lan0\"}"
#define A_R1_OUT "{vpxi=\"a\",vrouter=\"a/r1\",interface=\"out\",port=\"lan1\"}"
#define INFO(vpxi, iface, port, service)                                                  \
	"{vpxi=\"" vpxi "\",vrouter=\"" vpxi "/r1\",interface=\"" iface "\",port=\"" port \
	"\",service=\"" service "\",share=\"strict\",at=\"vif-in\",by=\"tbf\"}"
#define B_R1_OUT "{vpxi=\"b\",vrouter=\"b/r1\",interface=\"out\",port=\"lan1\"}"

static const struct {
	const char *name;
	uint64_t value;
} samples[] = {
	{"hpsrouter_build_info{version=\"" HPSROUTER_VERSION "\",site=\"lyon\"}", 1},
	{"hpsrouter_received_packets_total", 1001},
	{"hpsrouter_sent_packets_total", 902},
	{"hpsrouter_dropped_packets_total", 53},
	{"hpsrouter_consumed_packets_total", 44},
	{"hpsrouter_queued_packets", 2},
	{"hpsrouter_originated_packets_total", 65},
	{"hpsrouter_originated_sent_packets_total", 61},
	{"hpsrouter_originated_dropped_packets_total", 3},
	{"hpsrouter_originated_queued_packets", 1},
	{"hpsrouter_buffers", 1000000},
	{"hpsrouter_buffers_in_use", 7},
	{"hpsrouter_tsc_hertz", 1000000000},
	{"hpsrouter_config_last_reload_successful", 1},
	{"hpsrouter_config_reloads_applied_total", 0},
	{"hpsrouter_worker_busy_cycles_total{worker=\"1\",slice=\"s0\"}", UINT64_C(1) << 60},
	{"hpsrouter_worker_idle_cycles_total{worker=\"1\",slice=\"s0\"}", 72},
	{"hpsrouter_worker_vrouters{worker=\"1\",slice=\"s0\"}", 2},
	{"hpsrouter_worker_dropped_packets_total{worker=\"1\",slice=\"s0\",reason=\"no_route\"}",
		73},
	/* every reason is known from the start */
	{"hpsrouter_worker_dropped_packets_total{worker=\"1\",slice=\"s0\",reason=\"runt\"}", 0},
	{"hpsrouter_port_up{port=\"lan0\"}", 1},
	{"hpsrouter_port_speed_bits_per_second{port=\"lan0\"}", 10000000000},
	{"hpsrouter_port_speed_bits_per_second{port=\"lan1\"}", NONE},
	{"hpsrouter_port_capacity_bits_per_second{port=\"lan1\"}", 1000000000},
	{"hpsrouter_port_rx_packets_total{port=\"lan0\"}", 201},
	{"hpsrouter_port_rx_bytes_total{port=\"lan0\"}", 202},
	{"hpsrouter_port_tx_packets_total{port=\"lan0\"}", 203},
	{"hpsrouter_port_tx_bytes_total{port=\"lan0\"}", 204},
	{"hpsrouter_port_dropped_packets_total{port=\"lan0\",reason=\"runt\"}", 205},
	{"hpsrouter_port_dropped_packets_total{port=\"lan1\",reason=\"runt\"}", NONE},
	{"hpsrouter_port_missed_packets_total{port=\"lan0\"}", 206},
	{"hpsrouter_vrouter_running" A_R1, 1},
	{"hpsrouter_vrouter_rx_packets_total" A_R1, 301},
	{"hpsrouter_vrouter_tx_bytes_total" A_R1, 304},
	{"hpsrouter_vrouter_consumed_packets_total" A_R1, 305},
	{"hpsrouter_vrouter_originated_packets_total" A_R1, 306},
	{"hpsrouter_vrouter_dropped_packets_total{vpxi=\"a\",vrouter=\"a/r1\",slice=\"s0\","
	 "worker=\"1\",reason=\"ttl_expired\"}",
		307},
	{"hpsrouter_vrouter_cycles_total" A_R1, 308},
	{"hpsrouter_vrouter_worked_packets_total" A_R1, 309},
	{"hpsrouter_interface_up" A_R1_IN, 1},
	{"hpsrouter_interface_rx_packets_total" A_R1_IN, 101},
	{"hpsrouter_interface_rx_bytes_total" A_R1_IN, 102},
	{"hpsrouter_interface_tx_packets_total" A_R1_IN, 103},
	{"hpsrouter_interface_tx_bytes_total" A_R1_IN, 104},
	{"hpsrouter_interface_dropped_packets_total{vpxi=\"a\",vrouter=\"a/r1\",interface=\"in\","
	 "port=\"lan0\",reason=\"link_queue_full\"}",
		105},
	{"hpsrouter_link_packets_total" A_R1_IN, 106},
	{"hpsrouter_link_bytes_total" A_R1_IN, 107},
	{"hpsrouter_link_queue_packets" A_R1_IN, 108},
	{"hpsrouter_link_queue_bytes" A_R1_IN, 109},
	{"hpsrouter_link_queue_limit_packets" A_R1_IN, 1024},
	{"hpsrouter_link_queue_limit_bytes" A_R1_IN, 262144},
	{"hpsrouter_link_granted_bits_per_second" A_R1_IN, 100000000},
	{"hpsrouter_link_min_bits_per_second" A_R1_IN, 100000000},
	{"hpsrouter_link_max_bits_per_second" A_R1_IN, 100000000},
	{"hpsrouter_link_granted_bits_per_second" A_R1_OUT, 500000000},
	{"hpsrouter_link_min_bits_per_second" A_R1_OUT, 50000000},
	{"hpsrouter_link_max_bits_per_second" A_R1_OUT, NONE},
	{"hpsrouter_link_granted_bits_per_second" B_R1_OUT, NONE},
	{"hpsrouter_link_info" INFO("a", "in", "lan0", "static"), 1},
	{"hpsrouter_link_info" INFO("a", "out", "lan1", "min"), 1},
	{"hpsrouter_link_info" INFO("b", "out", "lan1", "best-effort"), 1},
	{"hpsrouter_pending", 0},
};

static void test_page(void **state)
{
	char *text;

	(void)state;
	fill();
	text = page();
	assert_well_formed(text);
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		if (sample(text, samples[i].name) != samples[i].value)
			print_error("%s\n", samples[i].name);
		assert_int_equal(sample(text, samples[i].name), samples[i].value);
	}
	free(text);
}

/* The same counter in both reports. */
static void test_like_stats(void **state)
{
	static const char *const traffic[] = {"rx_packets", "rx_bytes", "tx_packets", "tx_bytes"};
	json_t *reply, *result, *items, *item, *iface;
	char name[256], *text;
	size_t i, j;

	(void)state;
	fill();
	text = page();
	reply = call("stats", "{}");
	result = result_of(reply);
	for (i = 0; i < 4; i++) {
		json_array_foreach (json_object_get(result, "ports"), j, item) {
			snprintf(name, sizeof(name), "hpsrouter_port_%s_total{port=\"%s\"}",
				traffic[i], string_of(item, "port"));
			assert_int_equal(sample(text, name), integer_of(item, traffic[i]));
		}
		json_array_foreach (json_object_get(result, "vrouters"), j, item) {
			size_t k;

			items = json_object_get(item, "interfaces");
			json_array_foreach (items, k, iface) {
				snprintf(name, sizeof(name),
					"hpsrouter_interface_%s_total{vpxi=\"%s\",vrouter=\"%s\","
					"interface=\"%s\",port=\"%s\"}",
					traffic[i], string_of(iface, "vpxi"),
					string_of(iface, "vrouter"), string_of(iface, "interface"),
					string_of(iface, "port"));
				assert_int_equal(sample(text, name), integer_of(iface, traffic[i]));
			}
		}
	}
	item = json_object_get(result, "conservation");
	assert_int_equal(
		sample(text, "hpsrouter_received_packets_total"), integer_of(item, "received"));
	assert_int_equal(sample(text, "hpsrouter_received_packets_total"),
		sample(text, "hpsrouter_sent_packets_total") +
			sample(text, "hpsrouter_dropped_packets_total") +
			sample(text, "hpsrouter_consumed_packets_total") +
			sample(text, "hpsrouter_queued_packets"));
	json_decref(reply);
	free(text);
}

/* ---- latency ---- */

static uint64_t bucket(const char *text, const char *le)
{
	char name[256];

	snprintf(name, sizeof(name),
		"hpsrouter_vrouter_latency_seconds_bucket{vpxi=\"a\",vrouter=\"a/r1\","
		"slice=\"s0\",worker=\"1\",le=\"%s\"}",
		le);
	return sample(text, name);
}

static double latency_sum_s(const char *text)
{
	static const char name[] = "\nhpsrouter_vrouter_latency_seconds_sum" A_R1 " ";
	const char *at = strstr(text, name);

	assert_non_null(at);
	return strtod(at + strlen(name), NULL);
}

static void test_latency(void **state)
{
	struct hist *latency = fake_dp_latency("a/r1");
	char *text = page();
	double sum_s;

	(void)state;
	assert_int_equal(bucket(text, "+Inf"), 0);
	free(text);
	/* the fake's TSC counts nanoseconds */
	hist_add(latency, 900, 3);
	hist_add(latency, 7000, 5);
	hist_add(latency, UINT64_C(90000000000), 1);
	text = page();
	assert_well_formed(text);
	assert_int_equal(bucket(text, "1e-06"), 3);
	assert_int_equal(bucket(text, "5e-06"), 3);
	assert_int_equal(bucket(text, "1e-05"), 8);
	assert_int_equal(bucket(text, "0.1"), 8);
	assert_int_equal(bucket(text, "+Inf"), 9);
	assert_int_equal(sample(text, "hpsrouter_vrouter_latency_seconds_count" A_R1), 9);
	sum_s = latency_sum_s(text);
	assert_true(sum_s > 90 * 0.9375 && sum_s < 90 * 1.0625);
	free(text);
	/* before, between and after ticks; over the dataplane's 2^32 */
	for (int i = 0; i < 6; i++) {
		hist_add(latency, 7000, 1000000000);
		if (i % 2 == 0)
			assert_int_equal(stats_tick(&control.stats, &control.running,
						 control_now_ns() + (uint64_t)i),
				0);
		text = page();
		assert_int_equal(bucket(text, "+Inf"), 9 + (i + 1) * UINT64_C(1000000000));
		assert_int_equal(bucket(text, "1e-05"), 8 + (i + 1) * UINT64_C(1000000000));
		free(text);
	}
}

/* Against counting one by one, on random values. */
static void test_latency_random(void **state)
{
	enum { VALUES = 5000 };
	static const uint64_t hz = UINT64_C(2500000000);
	struct latency_sum sum = {0};
	struct hist now = {0};
	uint64_t seed = 1, total = 0, exact[LATENCY_BOUNDS] = {0}, low[LATENCY_BOUNDS] = {0};
	double seconds = 0;

	(void)state;
	for (int i = 0; i < VALUES; i++) {
		uint64_t value;

		seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		value = (seed >> 24) >> (seed & 31);
		hist_add(&now, value, 1);
		seconds += (double)value / (double)hz;
		for (int b = 0; b < LATENCY_BOUNDS; b++) {
			double ns = (double)value * 1e9 / (double)hz;

			exact[b] += ns <= (double)latency_bounds_ns[b];
			low[b] += ns <= (double)latency_bounds_ns[b] / 1.0625 - 1;
		}
		if (i % 100 == 0) {
			latency_sum_add(&sum, &now, hz);
			now = (struct hist){0};
		}
	}
	latency_sum_add(&sum, &now, hz);
	for (int b = 0; b < LATENCY_BOUNDS; b++) {
		total += sum.counts[b];
		assert_in_range(total, low[b], exact[b]);
	}
	assert_int_equal(total + sum.counts[LATENCY_BOUNDS], VALUES);
	assert_true(sum.sum_s > seconds * 0.96 && sum.sum_s < seconds * 1.04);
	latency_sum_add(&sum, &now, 0);
	assert_int_equal(total + sum.counts[LATENCY_BOUNDS], VALUES);
}

/* ---- what comes, goes and changes ---- */

static void test_reload(void **state)
{
	char path[] = "/tmp/hpsr-metrics-test-XXXXXX", *text, *lines;
	struct diag diag;
	int fd = mkstemp(path);

	(void)state;
	assert_int_equal(write(fd, CTRL_SITE, strlen(CTRL_SITE)), strlen(CTRL_SITE));
	assert_int_equal(diag_init(&diag, path), 0);
	assert_int_equal(control_reload(&control, path, &diag, NULL), 0);
	assert_int_equal(write(fd, "nonsense: 1\n", 12), 12);
	text = page();
	assert_int_equal(sample(text, "hpsrouter_config_reloads_applied_total"), 1);
	assert_int_equal(sample(text, "hpsrouter_config_reloads_refused_total"), 0);
	assert_int_equal(sample(text, "hpsrouter_config_last_reload_successful"), 1);
	assert_true(sample(text, "hpsrouter_config_last_reload_success_timestamp_seconds") + 60 >=
		(uint64_t)time(NULL));
	free(text);
	assert_int_equal(control_reload(&control, path, &diag, NULL), -EINVAL);
	text = page();
	assert_int_equal(sample(text, "hpsrouter_config_reloads_applied_total"), 1);
	assert_int_equal(sample(text, "hpsrouter_config_reloads_refused_total"), 1);
	assert_int_equal(sample(text, "hpsrouter_config_last_reload_successful"), 0);
	free(text);
	lines = diag_format(&diag);
	assert_non_null(strstr(lines, "nonsense"));
	free(lines);
	diag_fini(&diag);
	close(fd);
	unlink(path);
}

static void test_objects(void **state)
{
	char *text;

	(void)state;
	json_decref(call("vrouter.stop", "{\"vrouter\":\"a/r1\"}"));
	json_decref(call("vpxi.remove", "{\"vpxi\":\"b\"}"));
	text = page();
	assert_well_formed(text);
	assert_int_equal(sample(text, "hpsrouter_vrouter_running" A_R1), 0);
	assert_null(strstr(text, "vpxi=\"b\""));
	free(text);
}

static void test_escapes(void **state)
{
	struct promtext_labels labels = {0};
	char longest[2 * PROMTEXT_LABELS_LEN];
	char *text = NULL;
	size_t len = 0;
	FILE *out;

	(void)state;
	promtext_label(&labels, "a", "x\"y\\z\nw");
	assert_string_equal(labels.text, "a=\"x\\\"y\\\\z\\nw\"");
	promtext_label(&labels, "b", "");
	assert_string_equal(labels.text, "a=\"x\\\"y\\\\z\\nw\",b=\"\"");
	/* what has no room is left out, and nothing is written beyond */
	for (size_t n = 0; n < sizeof(longest) - 1; n += 7) {
		struct promtext_labels before = labels;

		memset(longest, n % 2 ? '"' : 'x', n);
		longest[n] = '\0';
		promtext_label(&labels, "c", longest);
		assert_int_equal(strlen(labels.text), labels.len);
		assert_true(labels.len == before.len ||
			labels.len == before.len + n * (n % 2 ? 2 : 1) + 5);
		labels = before;
	}
	out = open_memstream(&text, &len);
	promtext_head(out, "n", "gauge", "a\\b\nc \"d\"");
	promtext_sample_float(out, "n", labels.text, 0.5);
	fclose(out);
	assert_string_equal(text,
		"# HELP n a\\\\b\\nc \"d\"\n# TYPE n gauge\n"
		"n{a=\"x\\\"y\\\\z\\nw\",b=\"\"} 0.5\n");
	free(text);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, call_setup, call_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_page),
		TEST(test_like_stats),
		TEST(test_latency),
		cmocka_unit_test(test_latency_random),
		TEST(test_reload),
		TEST(test_objects),
		cmocka_unit_test(test_escapes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
