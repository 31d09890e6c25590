/*
 * One NFQUEUE: packets are received in batches into a slab that JavaScript owns, their numbers are put into
 * rows, JavaScript is called once, and all verdicts of the batch go back in one send.
 *
 *	slab:  | slot 0: nlmsghdr, attributes, packet | slot 1: ... |   one datagram of the kernel per slot
 *	rows:  | 16 numbers of packet 0 | 16 numbers of packet 1 | ...  ROW_* of src/kernel/native.ts
 *
 * Fail open: whatever goes wrong here, a packet whose id is known is accepted as it came. Only the kernel
 * drops, when its queue or our receive buffer is full: NFQA_CFG_F_FAIL_OPEN is NOT asked for, since a dropped
 * SIP message is sent again within half a second, while one that slips by untranslated makes conntrack choose
 * a mapping that then stands against ours. Nor is NFQA_CFG_F_GSO: without it the kernel segments big TCP
 * packets and completes their checksums before we see them.
 */
#include <stdlib.h>

#include <linux/sock_diag.h>

#include "queue.h"

/* Batches read in one turn of the event loop before timers and other sockets have theirs. */
enum { BATCHES_PER_WAKE_UP = 16 };

/* Microseconds; other sockets and timers wait as long. */
enum { PAUSE_MAX = 10000 };

/* Room for 64 of the largest verdicts in one send; the kernel doubles it. A limit, not an allocation. */
enum { SEND_BUFFER = 4 << 20 };

static const napi_type_tag queue_tag = { 0x8a51c3f2d94b4e07, 0x9d1f6a20b7c85e31 };

/* Datagrams for which our receive buffer had no room (sk_drops); NETLINK_NO_ENOBUFS keeps them silent. */
static void count_overruns(struct queue *q)
{
	uint32_t info[SK_MEMINFO_VARS];
	socklen_t length = sizeof(info);

	if (getsockopt(q->socket.fd, SOL_SOCKET, SO_MEMINFO, info, &length) < 0 ||
	    length <= SK_MEMINFO_DROPS * sizeof(info[0]))
		return;
	q->counters[COUNTER_RECEIVE_OVERRUNS] += (uint32_t)(info[SK_MEMINFO_DROPS] - q->drops);
	q->drops = info[SK_MEMINFO_DROPS];
}

/* Reads one batch, has it decided, sends its verdicts. Returns false when there is no reason to read on. */
static bool read_batch(struct queue *q)
{
	uint32_t count = 0;
	bool threw = false;
	int got, i;

	for (i = 0; i < BATCH; i++)
		q->datagrams[i].msg_hdr.msg_namelen = sizeof(q->senders[i]);
	got = recvmmsg(q->socket.fd, q->datagrams, BATCH, MSG_DONTWAIT, NULL);
	if (got < 0) {
		if (errno == EINTR || errno == ENOBUFS)
			return true;
		if (errno != EAGAIN)
			nlsocket_fail(&q->socket, errno, "recvmmsg");
		return false;
	}
	for (i = 0; i < got; i++)
		if (queue_read(q, i, q->rows + count * ROW_FIELDS))
			count++;
	if (got > 0)
		queue_note_pace(q, got);
	if (count > 0) {
		q->counters[COUNTER_BATCHES]++;
		threw = !nlsocket_call(&q->socket, count);
		/* Fail open: rows that onBatch had not reached when it threw still say NF_ACCEPT. */
		queue_send_rows(q, count);
		if (threw)
			nlsocket_report(&q->socket);
	}
	/* A batch that is not full has emptied the socket: a further read would only say EAGAIN. */
	return got == BATCH && !threw && !q->socket.close_wanted;
}

static void on_readable(struct nlsocket *s)
{
	struct queue *q = (struct queue *)s;
	int batches = 0;

	queue_pause_for_more(q);
	while (read_batch(q) && ++batches < BATCHES_PER_WAKE_UP)
		;
	if (s->fd >= 0)
		count_overruns(q);
}

/* Accepts all that waits for a verdict, read or not: without us the rules' --queue-bypass would have. */
static void accept_pending(struct nlsocket *s)
{
	struct queue *q = (struct queue *)s;
	/* The batch verdict takes ids up to its own, compared by their wrapped difference. */
	const struct nfqnl_msg_verdict_hdr decision = {
		.verdict = htonl(NF_ACCEPT),
		.id = htonl(q->last_id + (1u << 30)),
	};
	uint8_t message[VERDICT_HEAD];
	uint8_t *end = put_attribute(message + MESSAGE_HEAD, NFQA_VERDICT_HDR, &decision, sizeof(decision));
	struct iovec part = { message, end - message };

	put_message(q, message, NFQNL_MSG_VERDICT_BATCH, 0, end - message);
	/* Closing cannot fail, and the kernel's ENOENT for an empty queue is no error. */
	(void)queue_send(q, &part, 1);
}

static void prepare_slots(struct queue *q)
{
	unsigned int i;

	q->slot = q->slab.length / BATCH & ~(size_t)7;
	for (i = 0; i < BATCH; i++) {
		q->slots[i] = (struct iovec){ q->slab.data + i * q->slot, q->slot };
		q->datagrams[i].msg_hdr = (struct msghdr){
			.msg_name = &q->senders[i],
			.msg_namelen = sizeof(q->senders[i]),
			.msg_iov = &q->slots[i],
			.msg_iovlen = 1,
		};
	}
}

static void size_sending(struct queue *q)
{
	int size = SEND_BUFFER, fd = q->socket.fd;
	socklen_t length = sizeof(size);

	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) < 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	if (getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, &length) < 0)
		size = 0;
	/* netlink_sendmsg() refuses more than sk_sndbuf - 32. */
	q->send_limit = size > 32 ? size - 32 : 0;
}

napi_value queue_open(napi_env env, napi_callback_info info)
{
	enum { NUMBER, LENGTH, RECEIVE_BUFFER, PAUSE, SLAB, ROWS, OUTPUT, COUNTS, ON_BATCH, ARGUMENTS };
	static const int on = 1;
	uint32_t number, queue_length, receive_buffer, pause;
	struct span slab, rows, output, counters;
	napi_value values[ARGUMENTS], handle;
	struct queue *q;
	int error;

	if (!arguments(env, info, ARGUMENTS, values) ||
	    !value_u32(env, values[NUMBER], "queueNumber", UINT16_MAX, &number) ||
	    !value_u32(env, values[LENGTH], "queueLength", UINT32_MAX, &queue_length) ||
	    !value_u32(env, values[RECEIVE_BUFFER], "receiveBufferBytes", INT32_MAX, &receive_buffer) ||
	    !value_u32(env, values[PAUSE], "pauseMicroseconds", PAUSE_MAX, &pause) ||
	    !value_span(env, values[SLAB], "slab", napi_uint8_array, BATCH * SLOT_MIN, &slab) ||
	    !value_span(env, values[ROWS], "rows", napi_uint32_array, BATCH * ROW_FIELDS * 4, &rows) ||
	    !value_span(env, values[OUTPUT], "output", napi_uint8_array, 0, &output) ||
	    !value_span(env, values[COUNTS], "counters", napi_biguint64_array, COUNTERS * 8, &counters) ||
	    !value_function(env, values[ON_BATCH], "onBatch"))
		return NULL;
	q = calloc(1, sizeof(*q));
	if (!q) {
		throw_errno(env, ENOMEM, "calloc", "no memory for queue %u", number);
		return NULL;
	}
	q->number = number;
	queue_set_pace(q, pause);
	q->slab = slab;
	q->output = output;
	q->rows = (uint32_t *)rows.data;
	q->counters = (uint64_t *)counters.data;
	prepare_slots(q);
	if (nlsocket_open(&q->socket, env, NETLINK_NETFILTER, receive_buffer) < 0) {
		throw_errno(env, errno, "socket", "queue %u: no netfilter socket", number);
		free(q);
		return NULL;
	}
	handle = nlsocket_handle(&q->socket, &queue_tag);
	if (!handle)
		return NULL;
	/* From here on the handle owns the socket: the garbage collector frees it, whatever goes wrong. */
	(void)setsockopt(q->socket.fd, SOL_NETLINK, NETLINK_NO_ENOBUFS, &on, sizeof(on));
	(void)setsockopt(q->socket.fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
	size_sending(q);
	error = queue_bind(q, queue_length);
	if (error) {
		throw_errno(env, error, "NFQNL_CFG_CMD_BIND", error == EBUSY ? "queue %u is already bound" :
			    error == EPERM ? "queue %u cannot be bound without CAP_NET_ADMIN" :
			    "queue %u cannot be bound", number);
		goto failed;
	}
	q->socket.before_close = accept_pending;
	if (nlsocket_watch(&q->socket, handle, "sipexpectd.queue", values[ON_BATCH], &values[SLAB],
			   ON_BATCH - SLAB, on_readable))
		return handle;
failed:
	nlsocket_close(&q->socket);
	return NULL;
}

napi_value queue_verdict(napi_env env, napi_callback_info info)
{
	enum { QUEUE, ID, VERDICT, REPLACEMENT, ARGUMENTS };
	napi_value values[ARGUMENTS];
	struct span replacement;
	uint32_t id, verdict;
	struct queue *q;

	if (!arguments(env, info, ARGUMENTS, values))
		return NULL;
	q = (struct queue *)nlsocket_of(env, values[QUEUE], &queue_tag, "queue", false);
	if (!q || !value_u32(env, values[ID], "id", UINT32_MAX, &id) ||
	    !value_u32(env, values[VERDICT], "verdict", NF_ACCEPT, &verdict) ||
	    !value_span(env, values[REPLACEMENT], "replacement", napi_uint8_array, 0, &replacement))
		return NULL;
	if (replacement.length > PAYLOAD_MAX || (replacement.length && replacement.length < 20)) {
		throw_range(env, "ERR_OUT_OF_RANGE",
			    "replacement must have 0 or from 20 to %d bytes, got %zu", PAYLOAD_MAX,
			    replacement.length);
		return NULL;
	}
	if (!queue_send_verdict(q, id, verdict, replacement.length ? &replacement : NULL))
		throw_errno(env, errno, "sendmsg", "packet %u of queue %u", id, q->number);
	return NULL;
}

napi_value queue_close(napi_env env, napi_callback_info info)
{
	struct nlsocket *s;
	napi_value handle;

	if (!arguments(env, info, 1, &handle))
		return NULL;
	s = nlsocket_of(env, handle, &queue_tag, "queue", true);
	if (s)
		nlsocket_close(s);
	return NULL;
}
