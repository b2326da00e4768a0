/* SPDX-License-Identifier: BSD-3-Clause */
#include "ctrl/clock.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "config/lease.h"

static struct {
	bool manual;
	int64_t now_s;
} hand;

int64_t clock_now_s(void)
{
	struct timespec now;

	if (hand.manual)
		return hand.now_s;
	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec;
}

bool clock_is_manual(void)
{
	return hand.manual;
}

void clock_set_manual(int64_t now_s)
{
	hand.manual = true;
	hand.now_s = now_s;
}

void clock_set_system(void)
{
	hand.manual = false;
}

int clock_parse(const char *text)
{
	static const char manual[] = "manual:";
	int64_t now_s;

	if (strcmp(text, "system") == 0) {
		clock_set_system();
		return 0;
	}
	if (strncmp(text, manual, sizeof(manual) - 1) != 0 ||
		lease_time_parse(text + sizeof(manual) - 1, &now_s) < 0)
		return -EINVAL;
	clock_set_manual(now_s);
	return 0;
}
