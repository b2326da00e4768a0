/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <libxml/xmlschemas.h>

#include "config/vxdl.h"

#define ROOT "<virtualInfrastructure xmlns='" VXDL_NAMESPACE "' version='2.5' id='v' owner='o'>\n"
#define REST "<resources/><topology/></virtualInfrastructure>"
#define WHOLE(resources, links, more)                                                      \
	ROOT "<resources>" resources "</resources>\n<topology>" links "</topology>\n" more \
	     "</virtualInfrastructure>"
#define ROUTERS "<router id='a' ports='2'/><router id='b' ports='2'/><node id='n'/>"
#define LINK "<link id='l' source='a' target='b'/>"

static struct vxdl *parse(const char *text, size_t len, char **report)
{
	struct vxdl *request;
	struct diag diag;
	int rc;

	assert_int_equal(diag_init(&diag, "f"), 0);
	rc = vxdl_parse_buffer("f", text, len, &request, &diag);
	assert_int_equal(rc, diag.n_errors ? -EINVAL : 0);
	assert_true((request != NULL) == (rc == 0));
	*report = diag_format(&diag);
	assert_non_null(*report);
	diag_fini(&diag);
	return request;
}

/* ---- what a right request becomes ---- */

static void test_every_word(void **state)
{
	const char *path = EXAMPLES "/vxdl/request.xml";
	struct vxdl *request;
	struct diag diag;

	(void)state;
	assert_int_equal(diag_init(&diag, path), 0);
	assert_int_equal(vxdl_parse_file(path, &request, &diag), 0);
	assert_int_equal(diag.n_errors + diag.n_warnings, 0);
	assert_string_equal(request->id, "vpxi2");
	assert_string_equal(request->owner, "lab7");
	assert_int_equal(request->start_s, 1796112000);
	assert_int_equal(request->duration_s, 4 * 3600);
	assert_int_equal(request->n_resources, 6);
	assert_int_equal(request->resources[0].kind, VXDL_ROUTER);
	assert_string_equal(request->resources[0].site, "lyon");
	assert_int_equal(request->resources[0].share_milli, 500);
	assert_string_equal(request->resources[1].site, "");
	assert_int_equal(request->resources[3].kind, VXDL_NODE);
	assert_string_equal(request->resources[3].function, "storage");
	assert_int_equal(request->resources[4].size, 8);
	assert_int_equal(request->resources[5].kind, VXDL_ACCESS_POINT);
	assert_int_equal(request->resources[5].loc.line, 11);
	assert_int_equal(request->n_links, 5);
	assert_int_equal(request->links[0].target_port, 1);
	assert_int_equal(request->links[0].prefix.len, 24);
	assert_int_equal(request->links[1].class, VXDL_LATENCY_SENSITIVE);
	assert_int_equal(request->links[1].latency_ns, 20000000);
	assert_int_equal(request->links[1].rate.min_bps, 100000000);
	assert_int_equal(request->links[1].rate.max_bps, 500000000);
	assert_int_equal(request->links[2].direction, VXDL_FORWARD);
	assert_int_equal(request->links[2].rate.min_bps, 200000000);
	assert_int_equal(request->links[2].rate.max_bps, 200000000);
	assert_int_equal(request->links[4].rate.min_bps, 0);
	assert_int_equal(request->links[4].rate.max_bps, MODEL_RATE_NONE);
	assert_int_equal(request->links[4].source, 5);
	assert_true(vxdl_is_backbone(request, &request->links[1]));
	assert_false(vxdl_is_backbone(request, &request->links[4]));
	assert_int_equal(request->n_periods, 2);
	assert_int_equal(request->periods[0].duration_s, 3600);
	assert_int_equal(vxdl_rate_in(request, 1, 0).min_bps, 300000000);
	assert_int_equal(vxdl_rate_in(request, 1, 1).min_bps, 100000000);
	vxdl_destroy(request);
	diag_fini(&diag);
}

/* Each example is right for the parser and for the schema. */
static void test_examples(void **state)
{
	xmlSchemaParserCtxtPtr parser = xmlSchemaNewParserCtxt(SCHEMAS "/vxdl.xsd");
	xmlSchemaPtr schema = xmlSchemaParse(parser);
	DIR *dir = opendir(EXAMPLES "/vxdl");
	struct dirent *entry;
	unsigned int n = 0;

	(void)state;
	assert_non_null(schema);
	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL) {
		xmlSchemaValidCtxtPtr valid;
		struct vxdl *request;
		struct diag diag;
		char path[1024];

		if (!strstr(entry->d_name, ".xml"))
			continue;
		snprintf(path, sizeof(path), "%s/vxdl/%s", EXAMPLES, entry->d_name);
		valid = xmlSchemaNewValidCtxt(schema);
		if (xmlSchemaValidateFile(valid, path, 0) != 0)
			fail_msg("%s is not as the schema says", path);
		xmlSchemaFreeValidCtxt(valid);
		assert_int_equal(diag_init(&diag, path), 0);
		if (vxdl_parse_file(path, &request, &diag) < 0)
			fail_msg("%s", diag_format(&diag));
		vxdl_destroy(request);
		diag_fini(&diag);
		n++;
	}
	closedir(dir);
	assert_true(n >= 6);
	xmlSchemaFree(schema);
	xmlSchemaFreeParserCtxt(parser);
}

static void test_order_of_parts(void **state)
{
	static const char text[] =
		ROOT "<addressing><network link='l' prefix='10.0.0.0/24'/></addressing>"
		     "<topology>" LINK "</topology><resources>" ROUTERS
		     "</resources></virtualInfrastructure>";
	char *report;
	struct vxdl *request = parse(text, strlen(text), &report);

	(void)state;
	assert_string_equal(report, "");
	assert_int_equal(request->links[0].prefix.len, 24);
	vxdl_destroy(request);
	free(report);
}

/* ---- every fault has its line ---- */

static const struct {
	const char *text, *report;
} faults[] = {
	{"", "f:1: expected an XML document in UTF-8\n"},
	{"not xml", "f:1: expected an XML document in UTF-8\n"},
	{"<a>",
		"f:1: Premature end of data in tag a line 1\n"
		"f:1: a: expected the namespace '" VXDL_NAMESPACE "', found ''\n"},
	{ROOT "<resources>\n</topology>",
		"f:3: Opening and ending tag mismatch: resources line 2 and topology\n"},
	{"<virtualInfrastructure version='2.5' id='v' owner='o'>" REST,
		"f:1: resources: expected the namespace '" VXDL_NAMESPACE "', found ''\n"
		"f:1: topology: expected the namespace '" VXDL_NAMESPACE "', found ''\n"
		"f:1: virtualInfrastructure: expected the namespace '" VXDL_NAMESPACE
		"', found ''\n"},
	{"<vpxi xmlns='" VXDL_NAMESPACE "'/>",
		"f:1: expected 'virtualInfrastructure', found 'vpxi'\n"},
	{"<virtualInfrastructure xmlns='" VXDL_NAMESPACE
	 "'\n\n id='v'\n version='2.4' ovner='o'>" REST,
		"f:4: unknown attribute 'ovner' in virtualInfrastructure, did you mean 'owner'?\n"
		"f:4: version: expected '2.5', found '2.4'\n"},
	{ROOT "</virtualInfrastructure>",
		"f:1: missing element 'resources' in virtualInfrastructure\n"
		"f:1: missing element 'topology' in virtualInfrastructure\n"},
	{ROOT "<resources/>\n<resources/><topologie/></virtualInfrastructure>",
		"f:3: repeated element 'resources' in virtualInfrastructure, the first is in line "
		"2\n"
		"f:3: unknown element 'topologie' in virtualInfrastructure, did you mean "
		"'topology'?\n"},
	{WHOLE("<rooter id='a' ports='0'/>\n<node id=''/><cluster id='c' size='many'/>word", "",
		 ""),
		"f:2: ports: expected a number from 1 to 256, found '0'\n"
		"f:2: unknown element 'rooter' in resources, did you mean 'router'?\n"
		"f:3: id: expected a name (1 to 63 letters, digits, '-', '_' or '.', the first a "
		"letter or digit), found ''\n"
		"f:3: resources: expected no text, found 'word'\n"
		"f:3: size: expected a number from 1 to 65535, found 'many'\n"},
	{WHOLE("<router id='a' ports='1'><cpu share='1.5'/></router>", "", ""),
		"f:2: share: expected a share of one lcore from 0.001 to 1, found '1.5'\n"},
	{WHOLE(ROUTERS,
		 "<link id='l' source='a' target='x'/>\n<link id='l' source='n' target='n'/>", ""),
		"f:3: target: there is no resource 'x'\n"
		"f:4: link: source and target are the same, 'n'\n"
		"f:4: link: the id 'l' is taken by line 3\n"},
	{WHOLE(ROUTERS,
		 "<link id='l' source='a' target='b' sourcePort='3' class='fast'/>"
		 "<link id='m' source='a' target='b' targetPort='1'/>"
		 "<link id='o' source='b' target='a' sourcePort='1'/>",
		 ""),
		"f:2: router: 'a' has 2 ports and more links\n"
		"f:2: router: 'b' has 2 ports and more links\n"
		"f:3: class: unknown value 'fast', known are: default, latency-sensitive, "
		"high-bandwidth\n"
		"f:3: link: port 1 of router 'b' is taken by link 'm' in line 3\n"
		"f:3: link: router 'a' has 2 ports, no port 3\n"},
	{WHOLE("<router id='a' ports='2'><location site='x'/></router><node id='n'><location "
	       "site='y'/></node><node id='m'/>",
		 "<link id='l' source='a' target='n'/><link id='k' source='n' target='m'/>", ""),
		"f:3: link: 'a' is at 'x' and 'n' at 'y'; an access link stays in one site\n"
		"f:3: link: neither 'n' nor 'm' is a router\n"},
	{WHOLE(ROUTERS,
		 "<link id='l' source='a' target='b'><bandwidth min='5Gbps' max='1Gbps'/>"
		 "<latency max='5'/></link>"
		 "<link id='k' source='a' target='n'><bandwidth static='1Gbps' min='1Gbps'/></link>"
		 "<link id='j' source='b' target='n'><bandwidth/></link>",
		 ""),
		"f:3: bandwidth: expected 'min', 'max', both, or 'static'\n"
		"f:3: bandwidth: min is over max\n"
		"f:3: max: expected a time in us, ms or s, at most 60s, found '5'\n"
		"f:3: static: sets min and max, neither may stand beside it\n"},
	{WHOLE(ROUTERS, LINK, "<lease start='2026-02-30T00:00:00Z' end='x' duration='PT'/>"),
		"f:4: duration: expected a duration such as PT4H, PT90M or P1DT30S, found 'PT'\n"
		"f:4: end: expected a time in UTC such as 2026-12-01T08:00:00Z, found 'x'\n"
		"f:4: lease: 'end' excludes 'duration'\n"
		"f:4: start: expected a time in UTC such as 2026-12-01T08:00:00Z, found "
		"'2026-02-30T00:00:00Z'\n"},
	{WHOLE(ROUTERS, LINK,
		 "<lease duration='PT1H'/><timeline><period id='I' duration='PT2H'/>"
		 "</timeline>"),
		"f:4: timeline: the periods take 7200 s, the lease has 3600 s\n"},
	{WHOLE(ROUTERS, LINK,
		 "<timeline><period id='I'><bandwidth link='x' static='1Gbps'/>"
		 "</period><period id='I'/></timeline>"),
		"f:4: bandwidth: there is no link 'x'\n"
		"f:4: period: only the last one may have no duration\n"
		"f:4: period: the id 'I' is taken by line 4\n"},
	{WHOLE(ROUTERS, LINK "<link id='m' source='a' target='n'/>",
		 "<addressing><network link='l' prefix='10.0.0.1/24'/><network link='m' "
		 "prefix='10.1.0.0/24'/>\n<network link='l' prefix='10.1.0.128/25'/></addressing>"),
		"f:4: prefix: '10.0.0.1/24' has bits behind its prefix length, did you mean "
		"10.0.0.0/24?\n"
		"f:5: network: link 'l' has one already, in line 4\n"},
	{WHOLE(ROUTERS, LINK "<link id='m' source='a' target='n'/>",
		 "<addressing><network link='l' prefix='10.0.0.0/8'/><network link='m' "
		 "prefix='10.1.0.0/24'/></addressing>"),
		"f:4: network: 10.1.0.0/24 of link 'm' overlaps 10.0.0.0/8 of link 'l'\n"},
};

static void test_faults(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		char *report;
		struct vxdl *request = parse(faults[i].text, strlen(faults[i].text), &report);

		assert_null(request);
		if (strcmp(report, faults[i].report) != 0)
			fail_msg("%s\nexpected\n%s\nfound\n%s", faults[i].text, faults[i].report,
				report);
		free(report);
	}
}

static void test_durations(void **state)
{
	static const struct {
		const char *text;
		uint64_t seconds;
	} cases[] = {{"PT4H", 14400}, {"P1DT30S", 86430}, {"PT1H30M", 5400}, {"P2D", 172800},
		{"P", 0}, {"PT", 0}, {"PT0S", 0}, {"PT1M1H", 0}, {"P1H", 0}, {"P1DT", 0},
		{"PT1.5S", 0}, {"-PT1S", 0}, {"P1Y", 0}, {"PT99999999999S", 0}};
	char text[VXDL_TIME_STRLEN];
	uint64_t seconds;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		seconds = 0;
		vxdl_parse_duration(cases[i].text, &seconds);
		if (seconds != cases[i].seconds)
			fail_msg("%s: %llu", cases[i].text, (unsigned long long)seconds);
	}
	assert_int_equal(vxdl_parse_time("2024-02-29T23:59:59Z", &seconds), 0);
	assert_string_equal(vxdl_print_time(seconds, text), "2024-02-29T23:59:59Z");
	assert_int_equal(vxdl_parse_time("2023-02-29T23:59:59Z", &seconds), -EINVAL);
	assert_int_equal(vxdl_parse_time("2023-02-28T24:00:00Z", &seconds), -EINVAL);
	assert_int_equal(vxdl_parse_time("2023-02-28 23:00:00Z", &seconds), -EINVAL);
}

/* ---- what must be refused at once ---- */

static double seconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void assert_refused(const char *text, size_t len, const char *message)
{
	double begin = seconds_now();
	char *report;

	assert_null(parse(text, len, &report));
	if (!strstr(report, message))
		fail_msg("expected '%s', found '%s'", message, report);
	free(report);
	assert_true(seconds_now() - begin < 2);
}

/* TIMES times PIECE behind HEAD; the caller frees. */
static char *repeat(const char *head, const char *piece, size_t times)
{
	size_t n = strlen(piece);
	char *text = malloc(strlen(head) + n * times + 1), *at = stpcpy(text, head);

	for (size_t i = 0; i < times; i++, at += n)
		memcpy(at, piece, n);
	*at = '\0';
	return text;
}

static void test_bombs(void **state)
{
	static const char laughs[] =
		"<?xml version='1.0'?>\n<!DOCTYPE lolz [<!ENTITY a 'lol'>\n"
		"<!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;'>"
		"<!ENTITY c '&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;'>"
		"<!ENTITY d '&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;'>"
		"<!ENTITY e '&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;'>]>\n<lolz>&e;</lolz>";
	static const char external[] =
		"<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>";
	char *text;

	(void)state;
	assert_refused(laughs, strlen(laughs), "f:2: a DOCTYPE is refused");
	assert_refused(external, strlen(external), "a DOCTYPE is refused");
	assert_refused("<a>&b;</a>", 10, "Entity 'b' not defined");
	text = repeat(ROOT, "<x>", 100000);
	assert_refused(text, strlen(text), "f:2: elements are nested deeper than 16");
	free(text);
	text = repeat(ROOT, "<x/>", 1000000);
	assert_refused(text, strlen(text), "more than 100000 elements");
	free(text);
	text = repeat(ROOT, "<x/>", 99998);
	text = realloc(text, strlen(text) + 30);
	strcat(text, "</virtualInfrastructure>");
	assert_refused(text, strlen(text), "and 99800 more");
	free(text);
	text = repeat("<a ", "b='' ", 100000);
	assert_refused(text, strlen(text), "more than 4096 bytes between two tags");
	free(text);
	assert_refused("<a>\0</a>", 8, "f:1: a NUL byte");
}

static void test_large_file(void **state)
{
	char path[] = "/tmp/vxdl_test_XXXXXX";
	int fd = mkstemp(path);
	struct vxdl *request;
	struct diag diag;
	double begin = seconds_now();

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, 100 << 20), 0);
	assert_int_equal(diag_init(&diag, path), 0);
	assert_int_equal(vxdl_parse_file(path, &request, &diag), -EINVAL);
	assert_null(request);
	assert_int_equal(diag.n_errors, 1);
	assert_string_equal(diag.entries[0].text, "larger than 4 MiB: not a request");
	assert_int_equal(vxdl_parse_file("/dev/zero", &request, &diag), -EINVAL);
	assert_int_equal(vxdl_parse_file("/nonexistent", &request, &diag), -ENOENT);
	assert_int_equal(vxdl_parse_file("/", &request, &diag), -EISDIR);
	assert_true(seconds_now() - begin < 1);
	diag_fini(&diag);
	close(fd);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_word),
		cmocka_unit_test(test_examples),
		cmocka_unit_test(test_order_of_parts),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_durations),
		cmocka_unit_test(test_bombs),
		cmocka_unit_test(test_large_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
