/* SPDX-License-Identifier: BSD-3-Clause */
/* The virtual link before the virtual router: against a model of a token bucket with a queue, tick
 * by tick, and at its edges. A to B is shaped by the link of the interface to B. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "wire.h"

#define QUEUE_MAX 512
#define MS UINT64_C(1000000)
#define L2_BYTES(payload) (14 + 28 + (payload))

/* ---- the model: whole numbers, and no wheel ---- */

struct model {
	unsigned __int128 credit, cap, byte; /* in 1/(8 hz) bytes */
	uint64_t rate, last_tsc, overhead;
	uint64_t queue_bytes_max, queue_bytes;
	uint32_t queue_max, queued, head;
	struct {
		uint16_t seq;
		uint32_t bytes;
	} queue[QUEUE_MAX];
	uint16_t out[QUEUE_MAX * 2]; /* what leaves now */
	unsigned int n_out, dropped;
};

static void model_set(struct model *m, const struct dp_link_spec *spec)
{
	m->byte = 8 * dp_tsc_hz();
	m->cap = m->byte * spec->burst_bytes;
	if (m->credit > m->cap)
		m->credit = m->cap;
	m->rate = spec->rate_bps;
	m->queue_bytes_max = spec->queue_bytes;
	m->queue_max = spec->queue_packets;
	m->overhead = spec->count_l1 ? 24 : 0;
}

static void model_init(struct model *m, const struct dp_link_spec *spec)
{
	memset(m, 0, sizeof(*m));
	model_set(m, spec);
	m->credit = m->cap;
	m->last_tsc = wire_now_tsc();
}

static void model_clock(struct model *m)
{
	m->credit += (unsigned __int128)(wire_now_tsc() - m->last_tsc) * m->rate;
	if (m->credit > m->cap)
		m->credit = m->cap;
	m->last_tsc = wire_now_tsc();
}

static bool model_take(struct model *m, uint32_t bytes)
{
	unsigned __int128 cost = bytes * m->byte;

	if (cost > m->cap)
		cost = m->cap;
	if (m->credit < cost)
		return false;
	m->credit -= cost;
	return true;
}

static void model_arrive(struct model *m, uint16_t seq, uint32_t l2_bytes)
{
	uint32_t bytes = l2_bytes + (uint32_t)m->overhead;

	model_clock(m);
	if (m->queued == 0 && model_take(m, bytes)) {
		m->out[m->n_out++] = seq;
	} else if (m->queued < m->queue_max && m->queue_bytes + bytes <= m->queue_bytes_max) {
		m->queue[(m->head + m->queued) % QUEUE_MAX].seq = seq;
		m->queue[(m->head + m->queued++) % QUEUE_MAX].bytes = bytes;
		m->queue_bytes += bytes;
	} else {
		m->dropped++;
	}
}

static void model_release(struct model *m)
{
	model_clock(m);
	while (m->queued > 0 && model_take(m, m->queue[m->head].bytes)) {
		m->out[m->n_out++] = m->queue[m->head].seq;
		m->queue_bytes -= m->queue[m->head].bytes;
		m->head = (m->head + 1) % QUEUE_MAX;
		m->queued--;
	}
}

/* ---- against the dataplane ---- */

static void send_seq(const struct wire_lab *lab, uint16_t seq, size_t payload)
{
	struct frame f;

	frame_udp(&f, &lab->from_a, &(struct frame_ip){.src = A_IP, .dst = B_IP, .id = seq}, 1, 2,
		payload, seq);
	wire_send(0, &f);
}

/* The sequence number of the next packet to B; -1: none. */
static int recv_seq(const struct wire_lab *lab)
{
	struct frame f, in, want;
	struct frame_view v;

	if (!wire_recv(1, &f))
		return -1;
	frame_parse(&f, &v);
	assert_true(v.ok);
	frame_udp(&in, &lab->from_a, &(struct frame_ip){.src = A_IP, .dst = B_IP, .id = v.ip.id}, 1,
		2, v.payload_len - 8, v.ip.id);
	frame_forwarded(&want, &in, &lab->at_b);
	assert_int_equal(f.len, want.len);
	assert_memory_equal(f.data, want.data, f.len);
	return v.ip.id;
}

static void compare(const struct wire_lab *lab, struct model *m)
{
	struct dp_iface_stats stats;

	for (unsigned int i = 0; i < m->n_out; i++)
		assert_int_equal(recv_seq(lab), m->out[i]);
	assert_int_equal(recv_seq(lab), -1);
	m->n_out = 0;
	assert_int_equal(dp_iface_stats_get(lab->wan, &stats), 0);
	assert_int_equal(stats.queue_packets, m->queued);
	assert_int_equal(stats.queue_bytes, m->queue_bytes);
	assert_int_equal(stats.drops[DROP_LINK_QUEUE_FULL], m->dropped);
}

static void lab_with_link(struct wire_lab *lab, const struct dp_link_spec *spec)
{
	wire_lab_create(lab, "t/r", &(struct wire_iface){.vlan = 3},
		&(struct wire_iface){.vlan = 4, .link = *spec});
}

static void lab_end(const struct wire_lab *lab)
{
	wire_begin();
	wire_vr_del(lab->vr);
	wire_commit();
}

static uint64_t rnd(uint64_t below)
{
	return ((uint64_t)random() << 31 ^ (uint64_t)random()) % below;
}

/* Random arrivals, sizes, pauses and settings: what leaves at each instant is what the model says,
 * to the clock tick. */
static void test_model(void **state)
{
	static const uint64_t rates[] = {
		64000, 1000000, 99999999, 1000000000, UINT64_C(40000000000)};

	(void)state;
	srandom(1);
	for (unsigned int round = 0; round < 30; round++) {
		struct dp_link_spec spec =
			wire_link(rates[round % 5], 1 + rnd(round < 15 ? 2000 : 100000),
				1 + rnd(200000), 1 + (uint32_t)rnd(300));
		struct wire_lab lab = {0};
		static struct model m;
		uint16_t seq = 0;
		/* The time of a frame of 500 bytes, more or less. */
		uint64_t pause = dp_tsc_hz() * 4000 / spec.rate_bps * 2 + 1;

		spec.count_l1 = round % 3 == 1;
		lab_with_link(&lab, &spec);
		model_init(&m, &spec);
		for (unsigned int step = 0; step < 400; step++) {
			unsigned int n = rnd(3) == 0 ? (unsigned int)rnd(20) : (unsigned int)rnd(3);

			wire_advance_tsc(rnd(5) == 0 ? rnd(pause * 20) : rnd(pause));
			for (unsigned int i = 0; i < n; i++) {
				size_t payload = rnd(1472);

				send_seq(&lab, seq, payload);
				model_arrive(&m, seq++, 4 + L2_BYTES((uint32_t)payload));
			}
			model_release(&m);
			wire_poll(1);
			compare(&lab, &m);
			if (rnd(40) == 0) {
				/* A rate change: the queue stays, the credit earned stays. */
				spec.rate_bps = rates[rnd(5)];
				spec.burst_bytes = 1 + rnd(20000);
				spec.queue_packets = 1 + (uint32_t)rnd(300);
				model_clock(&m);
				model_set(&m, &spec);
				assert_int_equal(dp_links_set(&lab.wan, &spec, 1, wire_err()), 0);
				model_release(&m);
				wire_poll(1);
				compare(&lab, &m);
			}
		}
		wire_check();
		lab_end(&lab);
	}
}

/* 8 Mbit/s are a byte a microsecond: a burst of ten frames, then one a millisecond, never sooner.
 */
static void test_rate_and_burst(void **state)
{
	struct dp_link_spec spec = wire_link(8000000, 10000, 100000, 100);
	uint64_t ms_tsc = dp_tsc_hz() / 1000 + (dp_tsc_hz() % 1000 != 0);
	struct wire_lab lab = {0};

	(void)state;
	lab_with_link(&lab, &spec);
	for (uint16_t seq = 0; seq < 20; seq++)
		send_seq(&lab, seq, 1000 - L2_BYTES(4));
	wire_poll(1);
	for (int seq = 0; seq < 10; seq++)
		assert_int_equal(recv_seq(&lab), seq);
	for (int seq = 10; seq < 20; seq++) {
		wire_advance_tsc(ms_tsc - 2 - (uint64_t)(seq == 10 ? 0 : 1));
		wire_poll(3);
		assert_int_equal(recv_seq(&lab), -1);
		wire_advance_tsc(3);
		wire_poll(1);
		assert_int_equal(recv_seq(&lab), seq);
		assert_int_equal(recv_seq(&lab), -1);
	}
	/* The other direction has no limit. */
	for (unsigned int i = 0; i < 60; i++) {
		struct frame f, want;

		frame_udp(&f, &lab.from_b, &(struct frame_ip){.src = B_IP, .dst = A_IP}, 1, 2, 1400,
			i);
		wire_send(1, &f);
		wire_poll(1);
		frame_forwarded(&want, &f, &lab.at_a);
		wire_expect(0, &want);
	}
}

/* Over ten seconds at an odd rate, the bytes are the rate's to within one frame: no drift. */
static void test_no_drift(void **state)
{
	struct dp_link_spec spec = wire_link(33333337, 3000, 1000000, 500);
	struct wire_lab lab = {0};
	uint64_t bytes = 0, due = UINT64_C(33333337) * 10 / 8;
	uint16_t seq = 0;
	struct frame f;

	(void)state;
	lab_with_link(&lab, &spec);
	for (unsigned int step = 0; step < 100000; step++) {
		for (unsigned int i = 0; step % 10 == 0 && i < 4; i++)
			send_seq(&lab, seq++, 1400);
		wire_advance_ns(MS / 10);
		wire_poll(1);
		while (wire_recv(1, &f))
			bytes += f.len;
	}
	assert_in_range(bytes, due - 1500, due + 3000);
}

static void test_queue_limits(void **state)
{
	struct wire_lab lab = {0};
	struct dp_link_spec spec = wire_link(64000, 1, 100000, 7);
	struct dp_iface_stats stats;

	(void)state;
	lab_with_link(&lab, &spec);
	for (uint16_t seq = 0; seq < 20; seq++)
		send_seq(&lab, seq, 100);
	wire_poll(1);
	assert_int_equal(recv_seq(&lab), 0);
	assert_int_equal(dp_iface_stats_get(lab.wan, &stats), 0);
	assert_int_equal(stats.queue_packets, 7);
	assert_int_equal(stats.drops[DROP_LINK_QUEUE_FULL], 12);
	wire_check();
	/* A lower limit keeps what is queued, and a higher one takes more. */
	spec.queue_packets = 2;
	assert_int_equal(dp_links_set(&lab.wan, &spec, 1, wire_err()), 0);
	send_seq(&lab, 20, 100);
	wire_poll(1);
	assert_int_equal(dp_iface_stats_get(lab.wan, &stats), 0);
	assert_int_equal(stats.queue_packets, 7);
	assert_int_equal(stats.drops[DROP_LINK_QUEUE_FULL], 13);
	spec.queue_packets = 100;
	spec.queue_bytes = 7 * (18 + 128) + 3 * (18 + 128) + 145;
	assert_int_equal(dp_links_set(&lab.wan, &spec, 1, wire_err()), 0);
	for (uint16_t seq = 21; seq < 41; seq++)
		send_seq(&lab, seq, 100);
	wire_poll(1);
	assert_int_equal(dp_iface_stats_get(lab.wan, &stats), 0);
	assert_int_equal(stats.queue_packets, 10);
	assert_int_equal(stats.queue_bytes, 10 * (18 + 128));
	assert_int_equal(stats.drops[DROP_LINK_QUEUE_FULL], 13 + 17);
	assert_int_equal(stats.link.queue_packets, 100);
	/* All of them come out, in order. */
	wire_run_ns(UINT64_C(10000) * MS, 100 * MS);
	for (int i = 0; i < 10; i++)
		assert_int_equal(recv_seq(&lab), i < 7 ? i + 1 : i - 7 + 21);
	assert_int_equal(recv_seq(&lab), -1);
}

/* Faster, slower, unshaped, shaped again: nothing is lost, nothing overtakes. */
static void test_changes_keep_the_queue(void **state)
{
	struct wire_lab lab = {0};
	struct dp_link_spec slow = wire_link(64000, 1, 1000000, 500), none = {0};
	struct dp_link_spec fast = wire_link(UINT64_C(10000000000), 1000000, 1000000, 500);
	uint16_t in = 0;
	int out = 0;

	(void)state;
	lab_with_link(&lab, &slow);
	for (unsigned int round = 0; round < 12; round++) {
		const struct dp_link_spec *spec = round % 4 == 1 ? &fast
			: round % 4 == 3                         ? &none
								 : &slow;

		for (unsigned int i = 0; i < 30; i++)
			send_seq(&lab, in++, 200);
		wire_poll(1);
		assert_int_equal(dp_links_set(&lab.wan, spec, 1, wire_err()), 0);
		wire_check();
		for (unsigned int i = 0; i < 5; i++)
			send_seq(&lab, in++, 200);
		wire_advance_ns(MS);
		wire_poll(2);
		for (int seq = recv_seq(&lab); seq >= 0; seq = recv_seq(&lab))
			assert_int_equal(seq, out++);
		if (spec != &slow)
			assert_int_equal(out, in);
	}
	assert_int_equal(out, in);
	/* Again shaped, by a link of its own: the bucket is full, and then it is not. */
	assert_int_equal(dp_links_set(&lab.wan, &slow, 1, wire_err()), 0);
	send_seq(&lab, 1, 200);
	send_seq(&lab, 2, 200);
	wire_poll(1);
	assert_int_equal(recv_seq(&lab), 1);
	assert_int_equal(recv_seq(&lab), -1);
}

/* Several links at once: all or none. */
static void test_links_set(void **state)
{
	struct dp_link_spec specs[2] = {
		wire_link(1000000, 2000, 10000, 10), wire_link(2000000, 2000, 10000, 10)};
	struct wire_lab lab = {0};
	dp_iface_id ids[2];
	static const struct {
		struct dp_link_spec spec;
		int rc;
	} bad[] = {
		{{.rate_bps = 1,
			 .at = DP_AT_VIF_IN,
			 .by = DP_BY_TBF,
			 .burst_bytes = 1,
			 .queue_bytes = 1,
			 .queue_packets = 1},
			-ERANGE},
		{{.rate_bps = 1000000,
			 .at = DP_AT_VIF_IN,
			 .by = DP_BY_TBF,
			 .queue_bytes = 1,
			 .queue_packets = 1},
			-ERANGE},
		{{.rate_bps = 1000000,
			 .at = DP_AT_VIF_IN,
			 .by = DP_BY_TBF,
			 .burst_bytes = 1,
			 .queue_packets = 1},
			-ERANGE},
		{{.rate_bps = 1000000,
			 .at = DP_AT_VIF_IN,
			 .by = DP_BY_TBF,
			 .burst_bytes = 1,
			 .queue_bytes = 1},
			-ERANGE},
		{{.rate_bps = 1000000,
			 .by = DP_BY_TBF,
			 .burst_bytes = 1,
			 .queue_bytes = 1,
			 .queue_packets = 1},
			-ERANGE},
	};

	(void)state;
	wire_lab_create(&lab, "t/r", NULL, NULL);
	ids[0] = lab.lan;
	ids[1] = lab.wan;
	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct dp_iface_stats stats;

		specs[1] = bad[i].spec;
		assert_int_equal(dp_links_set(ids, specs, 2, wire_err()), bad[i].rc);
		assert_non_null(strstr(wire_err(), "wan"));
		assert_int_equal(dp_iface_stats_get(lab.lan, &stats), 0);
		assert_int_equal(stats.link.rate_bps, 0);
	}
	specs[1] = wire_link(2000000, 2000, 10000, 10);
	assert_int_equal(dp_links_set(ids, specs, 2, wire_err()), 0);
	for (unsigned int i = 0; i < 2; i++) {
		struct dp_iface_stats stats;

		assert_int_equal(dp_iface_stats_get(ids[i], &stats), 0);
		assert_memory_equal(&stats.link, &specs[i], sizeof(specs[i]));
	}
	ids[1] = 60000;
	assert_int_equal(dp_links_set(ids, specs, 2, wire_err()), -ENOENT);
}

/* Packets that wait are routed when they leave: by then the route, or the neighbour, may be
 * another. */
static void test_routed_at_release(void **state)
{
	struct dp_link_spec slow = wire_link(64000, 1, 100000, 50);
	struct wire_lab lab = {0};
	uint64_t no_route = wire_drops(DROP_NO_ROUTE);
	struct frame f;

	(void)state;
	lab_with_link(&lab, &slow);
	for (unsigned int i = 0; i < 3; i++) {
		frame_udp(&f, &lab.from_a,
			&(struct frame_ip){.src = A_IP, .dst = UINT32_C(0x0a090001)}, 1, 2, 100, 1);
		wire_send(0, &f);
	}
	wire_poll(1);
	wire_begin();
	wire_routes_set(lab.vr, NULL, 0);
	wire_commit();
	assert_int_equal(wire_books().queued, 2);
	wire_run_ns(100 * MS, 10 * MS);
	assert_int_equal(wire_drops(DROP_NO_ROUTE) - no_route, 2);
	assert_int_equal(wire_books().queued, 0);
}

static int start(void **state)
{
	(void)state;
	return wire_start(1, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WIRE_TEST(test_model),
		WIRE_TEST(test_rate_and_burst),
		WIRE_TEST(test_no_drift),
		WIRE_TEST(test_queue_limits),
		WIRE_TEST(test_changes_keep_the_queue),
		WIRE_TEST(test_links_set),
		WIRE_TEST(test_routed_at_release),
	};

	return cmocka_run_group_tests(tests, start, wire_stop);
}
