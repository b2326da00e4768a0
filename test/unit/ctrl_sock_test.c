/* SPDX-License-Identifier: BSD-3-Clause */
/* The control socket's clients over socket pairs, and its listener in a directory of its own. */
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
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "ctrl/sock.h"

#define REPLY_BIG 100000

static struct event_base *base;
static unsigned int n_served;

/* "big" gets a long reply, "none" nothing, everything else itself; "slow" takes its time. */
static char *serve(void *ctx, const char *line, size_t len)
{
	char *text;

	(void)ctx;
	n_served++;
	if (len == 4 && memcmp(line, "slow", 4) == 0)
		usleep(400000); /* twice slow_ms */
	if (len == 4 && memcmp(line, "none", 4) == 0)
		return NULL;
	if (len == 3 && memcmp(line, "big", 3) == 0) {
		text = malloc(REPLY_BIG + 1);
		memset(text, 'x', REPLY_BIG);
		text[REPLY_BIG] = '\0';
		return text;
	}
	return strndup(line, len);
}

static char *refuse(void *ctx, const char *why)
{
	(void)ctx;
	return strdup(why);
}

static const struct sock_limits limits = {
	.line_max = 1000, .out_pause = 5000, .clients_max = 3, .slow_ms = 200};
static const struct sock_service service = {.serve = serve, .refuse = refuse};

static int setup(void **state)
{
	(void)state;
	base = event_base_new();
	n_served = 0;
	return base ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	event_base_free(base);
	return 0;
}

static struct sock *sock_new(const char *path)
{
	char err[SOCK_ERR_LEN] = "";
	struct sock *sock;
	int rc = sock_create(base, path, &limits, &service, &sock, err);

	if (rc < 0)
		print_error("%s\n", err);
	assert_int_equal(rc, 0);
	return sock;
}

/* A client of SOCK; returns our end, non-blocking. */
static int client_new(struct sock *sock)
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	sock_adopt(sock, fds[1]);
	fcntl(fds[0], F_SETFL, O_NONBLOCK);
	return fds[0];
}

/* Let the loop work until nothing is ready. */
static void settle(void)
{
	for (int i = 0; i < 200; i++)
		event_base_loop(base, EVLOOP_NONBLOCK);
}

static void put(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
	settle();
}

/* What has come, up to SIZE - 1 bytes; "EOF" when the peer has closed. */
static const char *get(int fd, char *buf, size_t size)
{
	size_t len = 0;
	ssize_t n;

	while (len + 1 < size) {
		n = recv(fd, buf + len, size - 1 - len, 0);
		if (n <= 0)
			break;
		len += (size_t)n;
		settle();
	}
	buf[len] = '\0';
	if (len == 0 && n == 0)
		snprintf(buf, size, "EOF");
	return buf;
}

static void test_lines(void **state)
{
	struct sock *sock = sock_new(NULL);
	int fd = client_new(sock), other = client_new(sock);
	char buf[4096];

	(void)state;
	put(fd, "one\ntwo\r\n\nnone\nthr");
	assert_string_equal(get(fd, buf, sizeof(buf)), "one\ntwo\n");
	put(other, "hello\n");
	assert_string_equal(get(other, buf, sizeof(buf)), "hello\n");
	put(fd, "ee\n");
	assert_string_equal(get(fd, buf, sizeof(buf)), "three\n");
	assert_int_equal(sock_clients(sock), 2);
	close(other);
	settle();
	assert_int_equal(sock_clients(sock), 1);
	sock_destroy(sock);
	settle(); /* libevent closes in the loop */
	assert_string_equal(get(fd, buf, sizeof(buf)), "EOF");
	close(fd);
}

/* Many at once are served in order, and the last replies come after the client has stopped sending.
 */
static void test_pipeline_and_eof(void **state)
{
	struct sock *sock = sock_new(NULL);
	int fd = client_new(sock);
	char text[2048] = "", expected[2048] = "", line[32], buf[4096];

	(void)state;
	for (int i = 0; i < 100; i++) {
		snprintf(line, sizeof(line), "line%d\n", i);
		strcat(text, line);
		strcat(expected, line);
	}
	strcat(text, "unfinished");
	assert_int_equal(send(fd, text, strlen(text), 0), strlen(text));
	shutdown(fd, SHUT_WR);
	settle();
	assert_string_equal(get(fd, buf, sizeof(buf)), expected);
	assert_string_equal(get(fd, buf, sizeof(buf)), "EOF");
	assert_int_equal(sock_clients(sock), 0);
	close(fd);
	sock_destroy(sock);
}

static void test_too_long(void **state)
{
	struct sock *sock = sock_new(NULL);
	char text[1002], buf[4096];
	int fd = client_new(sock);

	(void)state;
	/* The longest there may be, with and without its end. */
	memset(text, 'a', sizeof(text));
	text[1000] = '\n';
	text[1001] = '\0';
	put(fd, text);
	assert_string_equal(get(fd, buf, sizeof(buf)), text);
	text[1000] = 'a';
	put(fd, text);
	assert_string_equal(get(fd, buf, sizeof(buf)), "line too long\n");
	assert_string_equal(get(fd, buf, sizeof(buf)), "EOF");
	assert_int_equal(sock_clients(sock), 0);
	close(fd);
	fd = client_new(sock);
	text[1000] = '\0';
	put(fd, text);
	put(fd, "a\n");
	assert_string_equal(get(fd, buf, sizeof(buf)), "line too long\n");
	close(fd);
	sock_destroy(sock);
}

/* Who does not read is not served beyond the pause, and is cut after a while. */
static void test_slow_reader(void **state)
{
	struct timeval tenth = {.tv_usec = 100000};
	struct sock *sock = sock_new(NULL);
	int fd = client_new(sock), other = client_new(sock), small = 4096;
	char buf[4096];

	(void)state;
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	for (int i = 0; i < 50; i++)
		send(fd, "big\n", 4, MSG_NOSIGNAL);
	settle();
	assert_true(n_served < 10);
	put(other, "still here\n");
	assert_string_equal(get(other, buf, sizeof(buf)), "still here\n");
	for (int i = 0; i < 20 && sock_clients(sock) > 1; i++) {
		event_base_loopexit(base, &tenth);
		event_base_dispatch(base);
	}
	assert_int_equal(sock_clients(sock), 1);
	assert_true(n_served < 10);
	close(fd);
	close(other);
	sock_destroy(sock);
}

static void test_resumed_reader(void **state)
{
	struct sock *sock = sock_new(NULL);
	int fd = client_new(sock);
	static char buf[REPLY_BIG];
	size_t len = 0, due = (size_t)50 * (REPLY_BIG + 1);

	(void)state;
	for (int i = 0; i < 50; i++)
		send(fd, "big\n", 4, MSG_NOSIGNAL);
	for (int i = 0; i < 100000 && len < due; i++) {
		ssize_t n;

		event_base_loop(base, EVLOOP_NONBLOCK);
		n = recv(fd, buf, sizeof(buf), 0);
		if (n > 0)
			len += (size_t)n;
	}
	assert_int_equal(len, due);
	assert_int_equal(n_served, 50);
	close(fd);
	sock_destroy(sock);
}

/* What takes long to answer is not the client's slowness. */
static void test_slow_service(void **state)
{
	struct sock *sock = sock_new(NULL);
	int fd = client_new(sock);
	char buf[64];

	(void)state;
	put(fd, "slow\n");
	assert_string_equal(get(fd, buf, sizeof(buf)), "slow\n");
	put(fd, "slow\nnext\n");
	assert_string_equal(get(fd, buf, sizeof(buf)), "slow\nnext\n");
	assert_int_equal(sock_clients(sock), 1);
	close(fd);
	sock_destroy(sock);
}

static void test_too_many(void **state)
{
	struct sock *sock = sock_new(NULL);
	char buf[256];
	int fds[4];

	(void)state;
	for (int i = 0; i < 4; i++)
		fds[i] = client_new(sock);
	settle();
	assert_int_equal(sock_clients(sock), 3);
	assert_string_equal(get(fds[3], buf, sizeof(buf)), "too many clients\n");
	put(fds[0], "x\n");
	assert_string_equal(get(fds[0], buf, sizeof(buf)), "x\n");
	for (int i = 0; i < 4; i++)
		close(fds[i]);
	sock_destroy(sock);
}

static struct sockaddr_un address_of(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	assert_true(strlen(path) < sizeof(address.sun_path));
	memcpy(address.sun_path, path, strlen(path));
	return address;
}

static int connect_to(const char *path)
{
	struct sockaddr_un address = address_of(path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static void test_listener(void **state)
{
	char dir[] = "/tmp/hpsr-sock-test-XXXXXX", path[128], err[SOCK_ERR_LEN], buf[256];
	struct sockaddr_un address;
	struct sock *sock, *second;
	struct stat st;
	int fd;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/made/x.sock", dir);
	sock = sock_new(path);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0660);
	fd = connect_to(path);
	put(fd, "hello\n");
	assert_string_equal(get(fd, buf, sizeof(buf)), "hello\n");
	/* A second daemon is told who is there, and the first goes on. */
	assert_int_equal(sock_probe(path, err), -EADDRINUSE);
	assert_int_equal(sock_create(base, path, &limits, &service, &second, err), -EADDRINUSE);
	assert_null(second);
	snprintf(buf, sizeof(buf), "control socket %s: another daemon serves it (pid %d)", path,
		(int)getpid());
	assert_string_equal(err, buf);
	settle();
	put(fd, "again\n");
	assert_string_equal(get(fd, buf, sizeof(buf)), "again\n");
	close(fd);
	sock_destroy(sock);
	assert_int_equal(stat(path, &st), -1);
	/* A stale socket is replaced. */
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	address = address_of(path);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	close(fd);
	assert_int_equal(sock_probe(path, err), 0);
	sock = sock_new(path);
	/* Somebody else's socket at our path is left alone. */
	unlink(path);
	second = sock_new(path);
	sock_destroy(sock);
	assert_int_equal(stat(path, &st), 0);
	sock_destroy(second);
	/* A file is not removed. */
	fd = open(path, O_CREAT | O_WRONLY, 0600);
	close(fd);
	assert_int_equal(sock_create(base, path, &limits, &service, &sock, err), -EEXIST);
	assert_int_equal(stat(path, &st), 0);
	unlink(path);
	snprintf(path, sizeof(path), "%s/made", dir);
	rmdir(path);
	/* Only one directory is made. */
	snprintf(path, sizeof(path), "%s/a/b/x.sock", dir);
	assert_int_equal(sock_create(base, path, &limits, &service, &sock, err), -ENOENT);
	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(sock_create(base, path, &limits, &service, &sock, err), -ENAMETOOLONG);
	rmdir(dir);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_lines),
		TEST(test_pipeline_and_eof),
		TEST(test_too_long),
		TEST(test_slow_reader),
		TEST(test_resumed_reader),
		TEST(test_slow_service),
		TEST(test_too_many),
		TEST(test_listener),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
