/* SPDX-License-Identifier: BSD-3-Clause */
/* hpsrouterd: read and check the site file, start the dataplane, apply the whole site as one
 * transaction, serve the control socket until asked to stop. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "ctrl/boot.h"
#include "ctrl/cmd.h"
#include "ctrl/control.h"
#include "ctrl/http.h"
#include "ctrl/loop.h"
#include "ctrl/metrics.h"
#include "ctrl/notify.h"
#include "ctrl/options.h"
#include "ctrl/promtext.h"
#include "dataplane/dp.h"
#include "lib/log.h"

enum { EXIT_STOPPED = 0, EXIT_FAILED = 1, EXIT_CONFIG = 2 };

/* Threads that the dataplane starts shall not take the signals that the loop waits for. */
static void block_signals(sigset_t *before)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &set, before);
	signal(SIGPIPE, SIG_IGN);
}

/* What fails because of the site file or the machine it asks for is the configuration's fault. */
static int exit_code(int rc)
{
	return rc == -EINVAL || rc == -ENOTSUP ? EXIT_CONFIG : EXIT_FAILED;
}

static int serve(struct control *control, struct loop *loop, struct diag *diag)
{
	const struct model_control *conf = &control->running.model->control;
	struct sock_service service = cmd_service(control);
	char err[SOCK_ERR_LEN] = "";
	int rc;

	if (sock_create(loop_base(loop), conf->socket, &sock_limits_default, &service,
		    &control->sock, err) < 0) {
		diag_error(diag, conf->socket_loc, "%s", err);
		return EXIT_CONFIG;
	}
	log_info("control", "ready site=%s socket=%s vrouters=%zu ports=%zu",
		control->running.model->name, conf->socket, control->running.ids.vrs.n,
		control->running.ids.ports.n);
	control_notify(control, "READY=1\n");
	rc = loop_run(loop);
	notify_send("STOPPING=1\nSTATUS=stopping");
	sock_destroy(control->sock);
	control->sock = NULL;
	if (rc < 0)
		log_error("control", "event loop: %s", strerror(-rc));
	return rc < 0 ? EXIT_FAILED : EXIT_STOPPED;
}

/* From here on the dataplane is there. */
static int run_site(
	struct control *control, struct loop *loop, struct model_site **site, struct diag *diag)
{
	if (control_start(control, *site, diag) < 0)
		return EXIT_CONFIG;
	*site = NULL;
	return serve(control, loop, diag);
}

/* Listens already; requests wait until the loop runs. */
static int serve_metrics(struct control *control, struct loop *loop, const struct model_site *site,
	struct http **http, struct diag *diag)
{
	const struct http_service service = {.path = METRICS_PATH,
		.content_type = PROMTEXT_CONTENT_TYPE,
		.get = metrics_get,
		.ctx = control};
	char err[HTTP_ERR_LEN] = "";
	int rc;

	*http = NULL;
	if (!site->control.metrics)
		return 0;
	rc = http_create(
		loop_base(loop), site->control.metrics, &http_limits_default, &service, http, err);
	if (rc < 0)
		diag_error(diag, site->control.metrics_loc, "metrics: cannot listen at %s", err);
	return rc;
}

/* *SITE is NULL afterwards when it was taken over. */
static int start(const char *file, struct model_site **site, struct diag *diag)
{
	struct control control = {.config = file, .started_ns = control_now_ns()};
	struct loop *loop = NULL;
	struct http *http = NULL;
	char err[SOCK_ERR_LEN];
	sigset_t before;
	int rc, code;

	/* Before anything is started; sock_create looks again. */
	if (sock_probe((*site)->control.socket, err) < 0) {
		diag_error(diag, (*site)->control.socket_loc, "%s", err);
		return EXIT_CONFIG;
	}
	if (running_init(&control.running) < 0)
		return EXIT_FAILED;
	block_signals(&before);
	if (loop_create(&control, &loop) < 0) {
		running_fini(&control.running);
		return EXIT_FAILED;
	}
	/* An address that is taken is the configuration's fault, whatever errno says. */
	if (serve_metrics(&control, loop, *site, &http, diag) < 0)
		rc = -EINVAL;
	else
		rc = boot_dataplane(*site, diag);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (rc == 0) {
		code = run_site(&control, loop, site, diag);
		dp_fini();
	} else {
		code = exit_code(rc);
	}
	http_destroy(http);
	events_fini(&control.events);
	stats_fini(&control.stats);
	running_fini(&control.running);
	loop_destroy(loop);
	return code;
}

static int run(const char *file, struct model_site **site)
{
	struct diag diag;
	int code;

	if (diag_init(&diag, file) < 0)
		return EXIT_FAILED;
	code = start(file, site, &diag);
	diag_print(&diag, stderr);
	diag_fini(&diag);
	return code;
}

int main(int argc, char **argv)
{
	struct model_site *site = NULL;
	struct options options;
	struct diag diag;
	int code;

	if (options_parse(argc, argv, &options, stderr) < 0) {
		fputs("Try 'hpsrouterd --help'.\n", stderr);
		return EXIT_CONFIG;
	}
	if (options.help || options.version) {
		if (options.help)
			options_usage(stdout);
		else
			puts("hpsrouterd " HPSROUTER_VERSION);
		return fflush(stdout) == 0 ? EXIT_STOPPED : EXIT_FAILED;
	}
	log_set_level(options.verbose > 0 ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO);
	if (diag_init(&diag, options.config) < 0)
		return EXIT_FAILED;
	if (boot_load(options.config, NULL, &site, &diag) < 0)
		code = EXIT_CONFIG;
	else
		code = EXIT_STOPPED;
	diag_print(&diag, stderr);
	diag_fini(&diag);
	if (code == EXIT_STOPPED && !options.check)
		code = run(options.config, &site);
	model_site_destroy(site);
	return code;
}
