/* SPDX-License-Identifier: BSD-3-Clause */
/* Each place by each discipline: rate, burst, gaps, and that a change of either loses nothing. A to
 * B is shaped by the link of the interface to B. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "wire.h"

#define MS UINT64_C(1000000)
#define FRAME 1018 /* with the tag */
#define PAYLOAD (FRAME - 18 - 28)
#define RING 1024

static void send_seq(const struct wire_lab *lab, uint16_t seq, size_t payload)
{
	struct frame f;

	frame_udp(&f, &lab->from_a, &(struct frame_ip){.src = A_IP, .dst = B_IP, .id = seq}, 1, 2,
		payload, seq);
	wire_send(0, &f);
}

static int recv_seq(const struct wire_lab *lab, size_t *len)
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
	if (len != NULL)
		*len = f.len;
	return v.ip.id;
}

static struct dp_link_spec link_at(enum dp_place at, enum dp_shaper by, uint64_t rate_bps,
	uint64_t burst, uint32_t queue_packets)
{
	struct dp_link_spec spec = wire_link(rate_bps, burst, UINT64_C(1) << 30, queue_packets);

	spec.at = at;
	spec.by = by;
	return spec;
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
	wire_check();
}

static struct dp_iface_stats stats_of(dp_iface_id iface)
{
	struct dp_iface_stats stats;

	assert_int_equal(dp_iface_stats_get(iface, &stats), 0);
	return stats;
}

/* No window carries more than BURST bytes and what the rate earns in it. */
struct meter {
	double level;
	uint64_t last_tsc;
};

static void meter_count(struct meter *meter, uint64_t rate_bps, size_t bytes, double burst)
{
	double leaked = (double)(wire_now_tsc() - meter->last_tsc) / (double)dp_tsc_hz() *
		(double)rate_bps / 8;

	meter->level = (meter->level > leaked ? meter->level - leaked : 0) + (double)bytes;
	meter->last_tsc = wire_now_tsc();
	if (meter->level > burst + 1)
		fail_msg("a window carries %.0f bytes over the rate, %.0f are the burst",
			meter->level, burst);
}

/* Twice what the link carries, all STEP: what leaves is the rate's, to within 0.1 %, no window has
 * more than it may, and what psp lets go is evenly spaced. */
static void run(enum dp_place at, enum dp_shaper by, uint64_t rate_bps, uint32_t frames)
{
	uint64_t burst = 8 * FRAME, frame_tsc, step_tsc, start, last = 0, ticks, bytes = 0;
	struct dp_link_spec spec = link_at(at, by, rate_bps, burst, 100);
	struct meter meter = {0, wire_now_tsc()};
	uint64_t sent = 0, passed = 0, owed = 0;
	struct wire_lab lab = {0};
	struct dp_iface_stats stats;
	double due;

	lab_with_link(&lab, &spec);
	meter.last_tsc = start = wire_now_tsc();
	frame_tsc = (uint64_t)((double)FRAME * 8 / (double)rate_bps * (double)dp_tsc_hz());
	step_tsc = frame_tsc / 64 > 0 ? frame_tsc / 64 : 1;
	ticks = frames * frame_tsc;
	while (wire_now_tsc() - start < ticks) {
		int seq;

		wire_advance_tsc(step_tsc);
		for (owed += 2 * step_tsc; owed >= frame_tsc; owed -= frame_tsc)
			send_seq(&lab, (uint16_t)sent++, PAYLOAD);
		wire_poll(1);
		for (size_t len; (seq = recv_seq(&lab, &len)) >= 0; passed++) {
			uint64_t now = wire_now_tsc();

			bytes += len;
			meter_count(&meter, rate_bps, len, (double)burst);
			/* Of a queue that is never empty; a policer's spacing is its input's. */
			if (by == DP_BY_PSP && at != DP_AT_INGRESS && passed > 20 &&
				now - last - frame_tsc + frame_tsc / 50 + step_tsc >
					2 * (frame_tsc / 50 + step_tsc))
				fail_msg("gap of %lu ticks, not %lu", (unsigned long)(now - last),
					(unsigned long)frame_tsc);
			last = now;
		}
	}
	due = (double)(wire_now_tsc() - start) / (double)dp_tsc_hz() * (double)rate_bps / 8;
	/* The bucket was full at first. */
	assert_true((double)bytes >= due * 0.999 - FRAME);
	assert_true((double)bytes <= due * 1.001 + (double)burst);
	stats = stats_of(lab.wan);
	assert_int_equal(stats.link_packets, passed);
	assert_int_equal(stats.link_bytes, bytes);
	assert_int_equal(stats.traffic.tx_packets, passed + 1); /* it announced itself */
	if (at == DP_AT_INGRESS) {
		assert_int_equal(stats.queue_packets, 0);
		assert_int_equal(stats.drops[DROP_LINK_POLICED], sent - passed);
	} else {
		assert_in_range(stats.queue_packets, 99, 100);
		assert_int_equal(stats.queue_bytes, stats.queue_packets * FRAME);
		assert_int_equal(
			stats.drops[at == DP_AT_PORT ? DROP_PORT_QUEUE_FULL : DROP_LINK_QUEUE_FULL],
			sent - passed - stats.queue_packets);
	}
	wire_check();
	lab_end(&lab);
}

static void test_rates(void **state)
{
	static const uint64_t rates[] = {
		64000, 33333337, 1000000000, UINT64_C(40000000000), UINT64_C(400000000000)};

	(void)state;
	for (enum dp_place at = DP_AT_INGRESS; at <= DP_AT_PORT; at++)
		for (enum dp_shaper by = DP_BY_TBF; by <= DP_BY_PSP; by++)
			for (unsigned int r = 0; r < sizeof(rates) / sizeof(rates[0]); r++)
				run(at, by, rates[r], 3000);
}

/* A worker that comes late: tbf and psp catch up what the burst holds, so the rate stays exact; no
 * window has more for it. */
static void test_late_worker(void **state)
{
	(void)state;
	for (enum dp_place at = DP_AT_VIF_IN; at <= DP_AT_PORT; at++)
		for (enum dp_shaper by = DP_BY_TBF; by <= DP_BY_PSP; by++) {
			struct dp_link_spec spec = link_at(at, by, 100000000, 40000, 500);
			uint64_t bytes = 0, start = wire_now_tsc();
			struct meter meter = {0, start};
			struct wire_lab lab = {0};
			double due;

			lab_with_link(&lab, &spec);
			srandom(7);
			for (unsigned int i = 0; i < 3000; i++) {
				for (unsigned int n = 0; n < 30; n++)
					send_seq(&lab, 0, PAYLOAD);
				/* At most 2.5 of the 3.2 ms that the burst lasts. */
				wire_advance_ns((uint64_t)random() % (5 * MS / 2));
				wire_poll(1);
				for (size_t len; recv_seq(&lab, &len) >= 0; bytes += len)
					meter_count(&meter, spec.rate_bps, len, 40000);
			}
			due = (double)(wire_now_tsc() - start) / (double)dp_tsc_hz() * 100e6 / 8;
			assert_true((double)bytes >= due * 0.999 - 40000);
			assert_true((double)bytes <= due + 40000);
			wire_check();
			lab_end(&lab);
		}
}

/* All changes of place and discipline among packets that wait: none lost, none overtaken, and no
 * more than the bucket at once. */
static void test_changes(void **state)
{
	struct wire_lab lab = {0};
	struct dp_link_spec spec = link_at(DP_AT_VIF_IN, DP_BY_TBF, 10000000, 2 * FRAME, 2000);
	struct meter meter;
	uint16_t in = 0;
	int out = 0;

	(void)state;
	lab_with_link(&lab, &spec);
	meter = (struct meter){0, wire_now_tsc()};
	for (unsigned int round = 0; round < 64; round++) {
		for (unsigned int i = 0; i < 20; i++)
			send_seq(&lab, in++, PAYLOAD);
		wire_poll(1);
		for (unsigned int i = 0; i < 10; i++) {
			int seq;

			wire_advance_ns(MS / 2);
			wire_poll(1);
			for (size_t len; (seq = recv_seq(&lab, &len)) >= 0;) {
				assert_int_equal(seq, out++);
				/* A change may give what the old bucket and the new one hold. */
				meter_count(&meter, spec.rate_bps, len, 4 * FRAME);
			}
		}
		spec.at = round % 2 == 0 ? DP_AT_VIF_OUT : DP_AT_VIF_IN;
		spec.by = round % 4 < 2 ? DP_BY_PSP : DP_BY_TBF;
		assert_int_equal(dp_links_set(&lab.wan, &spec, 1, wire_err()), 0);
		wire_check();
	}
	assert_int_equal(stats_of(lab.wan).queue_packets, in - out);
	assert_true(in - out > 100);
	/* A policer takes over: what waits has its tokens first, and is not lost. */
	spec.at = DP_AT_INGRESS;
	assert_int_equal(dp_links_set(&lab.wan, &spec, 1, wire_err()), 0);
	send_seq(&lab, 60000, PAYLOAD);
	wire_poll(1);
	assert_int_equal(stats_of(lab.wan).drops[DROP_LINK_POLICED], 1);
	for (unsigned int i = 0; i < 5000 && out < in; i++) {
		int seq;

		wire_advance_ns(MS / 2);
		wire_poll(1);
		for (size_t len; (seq = recv_seq(&lab, &len)) >= 0;) {
			assert_int_equal(seq, out++);
			meter_count(&meter, spec.rate_bps, len, 4 * FRAME);
		}
	}
	assert_int_equal(out, in);
	wire_advance_ns(100 * MS);
	send_seq(&lab, 60001, PAYLOAD);
	wire_poll(1);
	assert_int_equal(recv_seq(&lab, NULL), 60001);
	/* Finished frames leave when the link is unshaped, too, in order. */
	spec.at = DP_AT_VIF_OUT;
	assert_int_equal(dp_links_set(&lab.wan, &spec, 1, wire_err()), 0);
	for (uint16_t i = 0; i < 50; i++)
		send_seq(&lab, i, PAYLOAD);
	wire_poll(1);
	spec = (struct dp_link_spec){0};
	assert_int_equal(dp_links_set(&lab.wan, &spec, 1, wire_err()), 0);
	wire_poll(1);
	for (uint16_t i = 0; i < 50; i++)
		assert_int_equal(recv_seq(&lab, NULL), i);
	wire_expect_none();
}

/* Frames that wait at vif-out, finished, and their interface goes; or its router stops. */
static int take_in_order(
	const struct wire_lab *lab, struct meter *meter, uint64_t rate_bps, int next)
{
	int n = 0, seq;

	for (size_t len; (seq = recv_seq(lab, &len)) >= 0; n++) {
		assert_int_equal(seq, next + n);
		/* The old place's bucket, and the port's, which is overdrawn by a frame. */
		meter_count(meter, rate_bps, len, 3 * FRAME);
	}
	return n;
}

/* From place to place while much waits, at the port already, too: more than is moved in one step,
 * and more than one place holds. */
static void test_moves(void **state)
{
	struct wire_lab lab = {0};
	struct dp_link_spec spec = link_at(DP_AT_VIF_IN, DP_BY_TBF, 10000000, 2 * FRAME, 600);
	static const enum dp_place places[] = {
		DP_AT_PORT, DP_AT_VIF_IN, DP_AT_PORT, DP_AT_VIF_OUT, DP_AT_PORT};
	struct meter meter;
	uint16_t in = 0;
	int out = 0;

	(void)state;
	lab_with_link(&lab, &spec);
	meter = (struct meter){0, wire_now_tsc()};
	for (unsigned int i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		/* The place has room for those; what comes later than a move is not lost either. */
		for (unsigned int n = 0; n < 500 && spec.at != DP_AT_PORT; n++) {
			send_seq(&lab, in++, PAYLOAD);
			wire_poll(n % 50 == 0);
		}
		wire_poll(10);
		out += take_in_order(&lab, &meter, spec.rate_bps, out);
		spec.at = places[i];
		assert_int_equal(dp_links_set(&lab.wan, &spec, 1, wire_err()), 0);
		wire_check();
	}
	for (unsigned int i = 0; i < 10000 && out < in; i++) {
		out += take_in_order(&lab, &meter, spec.rate_bps, out);
		wire_advance_ns(MS / 2);
		wire_poll(1);
	}
	assert_int_equal(out, in);
}

static void test_removed(void **state)
{
	struct dp_link_spec spec = link_at(DP_AT_VIF_OUT, DP_BY_PSP, 64000, 0 + 1, 100);
	uint64_t gone = wire_drops(DROP_INTERFACE_GONE), down = wire_drops(DROP_VR_DOWN);
	struct wire_lab lab = {0};

	(void)state;
	lab_with_link(&lab, &spec);
	for (uint16_t i = 0; i < 10; i++)
		send_seq(&lab, i, PAYLOAD);
	wire_poll(1);
	assert_int_equal(recv_seq(&lab, NULL), 0);
	assert_int_equal(dp_vr_set_state(lab.vr, DP_VR_STOPPED), 0);
	assert_int_equal(wire_drops(DROP_VR_DOWN) - down, 9);
	assert_int_equal(dp_vr_set_state(lab.vr, DP_VR_RUNNING), 0);
	wire_poll(1);
	wire_discard(); /* it announces itself */
	for (uint16_t i = 0; i < 10; i++)
		send_seq(&lab, i, PAYLOAD);
	wire_poll(1);
	lab_end(&lab);
	assert_int_equal(wire_drops(DROP_INTERFACE_GONE) - gone, 10);
	wire_expect_none();
}

/* At vif-out it is the fragments that are counted and spaced; at vif-in the packet. */
static void test_fragments(void **state)
{
	struct wire_lab lab = {0};
	struct dp_link_spec spec = link_at(DP_AT_VIF_OUT, DP_BY_TBF, 8000000, 610, 100);
	uint64_t bytes = 0;
	struct frame f;

	(void)state;
	wire_lab_create(&lab, "t/r", NULL, &(struct wire_iface){.mtu = 596, .link = spec});
	frame_udp(&f, &lab.from_a, &(struct frame_ip){.src = A_IP, .dst = B_IP}, 1, 2, 1400, 1);
	wire_send(0, &f);
	wire_poll(1);
	assert_true(wire_recv(1, &f));
	bytes += f.len;
	assert_false(wire_recv(1, &f));
	assert_int_equal(stats_of(lab.wan).queue_packets, 2);
	wire_advance_ns(611 * 1000);
	wire_poll(1);
	assert_true(wire_recv(1, &f));
	bytes += f.len;
	assert_false(wire_recv(1, &f));
	wire_advance_ns(290 * 1000);
	wire_poll(1);
	assert_true(wire_recv(1, &f));
	bytes += f.len;
	assert_false(wire_recv(1, &f));
	assert_int_equal(bytes, 3 * (14 + 20) + 1408);
	assert_int_equal(stats_of(lab.wan).link_bytes, bytes);
	assert_int_equal(stats_of(lab.wan).link_packets, 3);
	wire_extra(2);
}

static int start(void **state)
{
	(void)state;
	return wire_start(1, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WIRE_TEST(test_rates),
		WIRE_TEST(test_late_worker),
		WIRE_TEST(test_changes),
		WIRE_TEST(test_moves),
		WIRE_TEST(test_removed),
		WIRE_TEST(test_fragments),
	};

	return cmocka_run_group_tests(tests, start, wire_stop);
}
