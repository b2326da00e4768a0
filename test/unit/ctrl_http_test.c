/* SPDX-License-Identifier: BSD-3-Clause */
/* The metrics page's server: requests over socket pairs, hostile clients, and its listener. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "ctrl/http.h"

#define PAGE_BIG 1000000

static struct event_base *base;
static unsigned int n_made;
static size_t page_len;
static int page_rc;

/* "1\n", "2\n", ...; or page_len bytes; or a failure. */
static int page(void *ctx, char **text, size_t *len)
{
	(void)ctx;
	n_made++;
	if (page_rc < 0)
		return page_rc;
	if (page_len == 0) {
		assert_true(asprintf(text, "%u\n", n_made) > 0);
		*len = strlen(*text);
		return 0;
	}
	*text = malloc(page_len);
	memset(*text, 'x', page_len);
	*len = page_len;
	return 0;
}

static const struct http_service service = {
	.path = "/metrics", .content_type = "text/plain; version=0.0.4", .get = page};

static int setup(void **state)
{
	(void)state;
	base = event_base_new();
	n_made = 0;
	page_len = 0;
	page_rc = 0;
	return base ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	event_base_free(base);
	return 0;
}

static struct http *http_new(unsigned int deadline_ms, unsigned int fresh_ms)
{
	const struct http_limits limits = {.request_max = 500,
		.clients_max = 3,
		.deadline_ms = deadline_ms,
		.fresh_ms = fresh_ms};
	char err[HTTP_ERR_LEN] = "";
	struct http *http;

	assert_int_equal(http_create(base, NULL, &limits, &service, &http, err), 0);
	return http;
}

/* Our end of a new connection, non-blocking. */
static int client_new(struct http *http, int expected)
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	assert_int_equal(http_adopt(http, fds[1]), expected);
	fcntl(fds[0], F_SETFL, O_NONBLOCK);
	return fds[0];
}

/* Let the loop work until nothing is ready. */
static void settle(void)
{
	for (int i = 0; i < 50; i++)
		event_base_loop(base, EVLOOP_NONBLOCK);
}

static void put(int fd, const char *text, size_t len)
{
	assert_int_equal(send(fd, text, len, MSG_NOSIGNAL), len);
	settle();
}

/* What has come; *closed: the end of it, too. */
static size_t get(int fd, char *buf, size_t size, int *closed)
{
	size_t len = 0;
	ssize_t n = 0;

	while (len < size - 1 && (n = recv(fd, buf + len, size - 1 - len, 0)) > 0) {
		len += (size_t)n;
		settle();
	}
	buf[len] = '\0';
	*closed = n == 0;
	return len;
}

/* ---- requests ---- */

static const struct {
	const char *request;
	int status;
	const char *holds; /* in what comes back */
} requests[] = {
	{"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", 200, "\r\n\r\n1\n"},
	{"GET /metrics HTTP/1.0\r\n\r\n", 200, "Content-Length: 2\r\n"},
	{"GET /metrics HTTP/1.1\n\n", 200, "Connection: close\r\n"},
	{"GET /metrics?x=1 HTTP/1.1\r\n\r\n", 200, "Content-Type: text/plain; version=0.0.4\r\n"},
	{"GET http://host:9464/metrics HTTP/1.1\r\n\r\n", 200, ""},
	{"GET http://host HTTP/1.1\r\n\r\n", 404, ""},
	{"GET / HTTP/1.1\r\n\r\n", 404, "\r\n\r\nNot Found\n"},
	{"GET /metrics/ HTTP/1.1\r\n\r\n", 404, ""},
	{"GET /../metrics HTTP/1.1\r\n\r\n", 404, ""},
	{"POST /metrics HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello", 405, "Allow: GET\r\n"},
	{"DELETE /metrics HTTP/1.1\r\n\r\n", 405, ""},
	{"get /metrics HTTP/1.1\r\n\r\n", 405, ""},
	{"POST /x HTTP/1.1\r\n\r\n", 404, ""},
	{"HEAD /metrics HTTP/1.1\r\n\r\n", 405, "Connection: close\r\n\r\n"},
	{"GET /metrics HTTP/2.0\r\n\r\n", 505, ""},
	{"GET /metrics\r\n\r\n", 400, ""},
	{"GET  HTTP/1.1\r\n\r\n", 400, ""},
	{" /metrics HTTP/1.1\r\n\r\n", 400, ""},
	{"GET /metrics HTTP/1.1 x\r\n\r\n", 400, ""},
	{"GET /metrics FTP/1.1\r\n\r\n", 400, ""},
	{"\r\n\r\n", 400, ""},
	{"\n\n", 400, ""},
	{"\x16\x03\x01\x02\r\n\r\n", 400, ""},
};

static void test_requests(void **state)
{
	char buf[4096], first[32];
	int closed;

	(void)state;
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		struct http *http;
		int fd;

		n_made = 0;
		http = http_new(10000, 0);
		fd = client_new(http, 0);
		/* in two parts */
		put(fd, requests[i].request, 1);
		get(fd, buf, sizeof(buf), &closed);
		assert_string_equal(buf, "");
		assert_false(closed);
		put(fd, requests[i].request + 1, strlen(requests[i].request) - 1);
		get(fd, buf, sizeof(buf), &closed);
		snprintf(first, sizeof(first), "HTTP/1.1 %d ", requests[i].status);
		if (strncmp(buf, first, strlen(first)) != 0)
			print_error("%s gives %s\n", requests[i].request, buf);
		assert_memory_equal(buf, first, strlen(first));
		assert_non_null(strstr(buf, requests[i].holds));
		if (strncmp(requests[i].request, "HEAD", 4) == 0)
			assert_string_equal(strstr(buf, "\r\n\r\n"), "\r\n\r\n");
		assert_true(closed);
		assert_int_equal(n_made, requests[i].status == 200);
		close(fd);
		settle();
		assert_int_equal(http_clients(http), 0);
		http_destroy(http);
	}
}

static void test_nul(void **state)
{
	static const char request[] = "GET /metrics\0 HTTP/1.1\r\n\r\n";
	struct http *http = http_new(10000, 0);
	int fd = client_new(http, 0), closed;
	char buf[4096];

	(void)state;
	put(fd, request, sizeof(request) - 1);
	get(fd, buf, sizeof(buf), &closed);
	assert_memory_equal(buf, "HTTP/1.1 400 ", 13);
	close(fd);
	http_destroy(http);
}

/* Half a request, then the end. */
static void test_cut(void **state)
{
	struct http *http = http_new(10000, 0);
	int fd = client_new(http, 0);

	(void)state;
	put(fd, "GET /metr", 9);
	assert_int_equal(http_clients(http), 1);
	close(fd);
	settle();
	assert_int_equal(http_clients(http), 0);
	assert_int_equal(n_made, 0);
	http_destroy(http);
}

/* One that sends all and closes its direction at once still gets the page. */
static void test_half_closed(void **state)
{
	static const char request[] = "GET /metrics HTTP/1.1\r\n\r\n";
	struct http *http = http_new(10000, 0);
	int fd = client_new(http, 0), closed;
	static char buf[PAGE_BIG + 4096];

	(void)state;
	page_len = PAGE_BIG;
	assert_int_equal(send(fd, request, sizeof(request) - 1, 0), sizeof(request) - 1);
	shutdown(fd, SHUT_WR);
	settle();
	assert_true(get(fd, buf, sizeof(buf), &closed) > PAGE_BIG);
	assert_true(closed);
	assert_int_equal(http_clients(http), 0);
	close(fd);
	http_destroy(http);
}

static void test_failure(void **state)
{
	static const char request[] = "GET /metrics HTTP/1.1\r\n\r\n";
	struct http *http = http_new(10000, 1000);
	char buf[4096];
	int fd, closed;

	(void)state;
	page_rc = -ENOMEM;
	fd = client_new(http, 0);
	put(fd, request, sizeof(request) - 1);
	get(fd, buf, sizeof(buf), &closed);
	assert_memory_equal(buf, "HTTP/1.1 500 ", 13);
	close(fd);
	/* a failure is not kept */
	page_rc = 0;
	fd = client_new(http, 0);
	put(fd, request, sizeof(request) - 1);
	get(fd, buf, sizeof(buf), &closed);
	assert_memory_equal(buf, "HTTP/1.1 200 ", 13);
	close(fd);
	http_destroy(http);
}

/* ---- bounds ---- */

static void test_too_large(void **state)
{
	struct http *http = http_new(10000, 0);
	int fd = client_new(http, 0), closed;
	char buf[4096];

	(void)state;
	memset(buf, 'a', sizeof(buf));
	put(fd, buf, 499);
	assert_int_equal(recv(fd, buf, sizeof(buf), MSG_PEEK), -1);
	put(fd, buf, 3000);
	get(fd, buf, sizeof(buf), &closed);
	assert_memory_equal(buf, "HTTP/1.1 431 ", 13);
	/* what goes on coming is read and thrown away until the connection ends */
	for (int i = 0; i < 1000; i++)
		put(fd, buf, 1000);
	close(fd);
	settle();
	assert_int_equal(http_clients(http), 0);
	assert_int_equal(n_made, 0);
	http_destroy(http);
}

static void test_too_many(void **state)
{
	struct http *http = http_new(10000, 0);
	int fds[4], closed;
	char buf[4096];

	(void)state;
	for (int i = 0; i < 3; i++)
		fds[i] = client_new(http, 0);
	fds[3] = client_new(http, -EAGAIN);
	get(fds[3], buf, sizeof(buf), &closed);
	assert_memory_equal(buf, "HTTP/1.1 503 ", 13);
	assert_true(closed);
	assert_int_equal(http_clients(http), 3);
	close(fds[1]);
	settle();
	close(fds[3]);
	fds[3] = client_new(http, 0);
	put(fds[3], "GET /metrics HTTP/1.1\r\n\r\n", 25);
	get(fds[3], buf, sizeof(buf), &closed);
	assert_memory_equal(buf, "HTTP/1.1 200 ", 13);
	close(fds[0]);
	close(fds[3]);
	/* fds[2] is cut here */
	http_destroy(http);
	settle();
	assert_int_equal(recv(fds[2], buf, sizeof(buf), 0), 0);
	close(fds[2]);
}

/* Three that sit: one silent, one sending a byte at a time, one that takes nothing of its reply.
 * Only the deadline ends them, and the page they share is there once. */
static void test_deadline(void **state)
{
	static const char request[] = "GET /metrics HTTP/1.1\r\n\r\n";
	struct http *http = http_new(200, 0);
	int silent = client_new(http, 0), slow = client_new(http, 0), deaf = client_new(http, 0);
	struct timeval step = {.tv_usec = 20000};
	int turns;

	(void)state;
	page_len = PAGE_BIG;
	put(deaf, request, sizeof(request) - 1);
	assert_int_equal(n_made, 1);
	for (turns = 0; turns < 500 && http_clients(http) > 0; turns++) {
		if (turns < 20)
			send(slow, &request[turns], 1, MSG_NOSIGNAL);
		event_base_loopexit(base, &step);
		event_base_dispatch(base);
	}
	assert_int_equal(http_clients(http), 0);
	assert_true(turns >= 5);
	close(silent);
	close(slow);
	close(deaf);
	http_destroy(http);
}

/* A fresh page is sent again, an old one is not. */
static void test_fresh(void **state)
{
	static const char request[] = "GET /metrics HTTP/1.1\r\n\r\n";
	static const unsigned int made[] = {10, 1};

	(void)state;
	for (unsigned int fresh = 0; fresh < 2; fresh++) {
		struct http *http = http_new(10000, fresh * 60000);

		n_made = 0;
		for (int i = 0; i < 10; i++) {
			int fd = client_new(http, 0), closed;
			char buf[4096];

			put(fd, request, sizeof(request) - 1);
			get(fd, buf, sizeof(buf), &closed);
			assert_memory_equal(buf, "HTTP/1.1 200 ", 13);
			close(fd);
			settle();
		}
		assert_int_equal(n_made, made[fresh]);
		http_destroy(http);
	}
}

/* ---- the listener ---- */

/* A port that was free a moment ago. */
static int free_endpoint(int family, char *endpoint, size_t size)
{
	struct sockaddr_in6 address6 = {.sin6_family = AF_INET6, .sin6_addr = in6addr_loopback};
	struct sockaddr_in address4 = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sockaddr *address =
		family == AF_INET ? (struct sockaddr *)&address4 : (struct sockaddr *)&address6;
	socklen_t len = family == AF_INET ? sizeof(address4) : sizeof(address6);
	int fd = socket(family, SOCK_STREAM, 0);

	if (fd < 0)
		return -1;
	if (bind(fd, address, len) < 0) {
		close(fd);
		return -1;
	}
	assert_int_equal(getsockname(fd, address, &len), 0);
	if (family == AF_INET)
		snprintf(endpoint, size, "127.0.0.1:%u", ntohs(address4.sin_port));
	else
		snprintf(endpoint, size, "[::1]:%u", ntohs(address6.sin6_port));
	close(fd);
	return 0;
}

static int connect_to(const char *endpoint)
{
	struct sockaddr_storage address;
	int len = sizeof(address), fd;

	assert_int_equal(
		evutil_parse_sockaddr_port(endpoint, (struct sockaddr *)&address, &len), 0);
	fd = socket(address.ss_family, SOCK_STREAM, 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, (socklen_t)len), 0);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	return fd;
}

static void test_listen(void **state)
{
	static const int families[] = {AF_INET, AF_INET6};
	char endpoint[64], err[HTTP_ERR_LEN], buf[4096];
	struct http *http, *second;
	int fd, closed;

	(void)state;
	for (int f = 0; f < 2; f++) {
		/* A machine may be without IPv6. */
		if (free_endpoint(families[f], endpoint, sizeof(endpoint)) < 0) {
			assert_int_not_equal(families[f], AF_INET);
			continue;
		}
		assert_int_equal(
			http_create(base, endpoint, &http_limits_default, &service, &http, err), 0);
		fd = connect_to(endpoint);
		settle();
		put(fd, "GET /metrics HTTP/1.1\r\n\r\n", 25);
		get(fd, buf, sizeof(buf), &closed);
		assert_memory_equal(buf, "HTTP/1.1 200 ", 13);
		close(fd);
		assert_int_equal(
			http_create(base, endpoint, &http_limits_default, &service, &second, err),
			-EADDRINUSE);
		assert_null(second);
		assert_non_null(strstr(err, endpoint));
		assert_non_null(strstr(err, strerror(EADDRINUSE)));
		http_destroy(http);
	}
	/* nobody's address (RFC 5737) */
	assert_int_equal(
		http_create(base, "192.0.2.1:9464", &http_limits_default, &service, &http, err),
		-EADDRNOTAVAIL);
	assert_int_equal(
		http_create(base, "nonsense", &http_limits_default, &service, &http, err), -EINVAL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_requests),
		TEST(test_nul),
		TEST(test_cut),
		TEST(test_half_closed),
		TEST(test_failure),
		TEST(test_too_large),
		TEST(test_too_many),
		TEST(test_deadline),
		TEST(test_fresh),
		TEST(test_listen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
