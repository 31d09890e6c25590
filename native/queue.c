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
#include <arpa/inet.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <linux/if_ether.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <linux/sock_diag.h>

#include "addon.h"

/* Kept in step with src/kernel/native.ts, which says what each means. */
enum { BATCH = 64, SLOT_MIN = 512 };
enum {
	ROW_ID,
	ROW_OFFSET,
	ROW_LENGTH,
	ROW_ORIGINAL_LENGTH,
	ROW_IN_INTERFACE,
	ROW_OUT_INTERFACE,
	ROW_HOOK,
	ROW_MARK,
	ROW_PROTOCOL,
	ROW_VERDICT,
	ROW_REPLACEMENT_OFFSET,
	ROW_REPLACEMENT_LENGTH,
	ROW_SET_MARK,
	ROW_NEW_MARK,
	ROW_FIELDS = 16,
};
enum {
	COUNTER_PACKETS,
	COUNTER_BATCHES,
	COUNTER_VERDICT_ERRORS,
	COUNTER_RECEIVE_OVERRUNS,
	COUNTER_TRUNCATED,
	COUNTER_MALFORMED,
	COUNTER_BAD_ROWS,
	COUNTERS = 8,
};
enum { VERDICT_HOLD = 0xffff };

/* Batches read in one turn of the event loop before timers and other sockets have theirs. */
enum { BATCHES_PER_WAKE_UP = 16 };

/* A netlink attribute's length is 16 bits and counts its own header. */
enum { PAYLOAD_MAX = 0xffff - NLA_HDRLEN };

/* Room for 64 of the largest verdicts in one send; the kernel doubles it. A limit, not an allocation. */
enum { SEND_BUFFER = 4 << 20 };

#define ATTRIBUTE_SPACE(bytes) (NLA_HDRLEN + NLA_ALIGN(bytes))

enum { MESSAGE_HEAD = NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(struct nfgenmsg)) };

/* A verdict message up to its payload's bytes: verdict, mark, and the payload attribute's header. */
enum {
	VERDICT_HEAD = MESSAGE_HEAD + ATTRIBUTE_SPACE(sizeof(struct nfqnl_msg_verdict_hdr)) +
		       ATTRIBUTE_SPACE(sizeof(uint32_t)) + NLA_HDRLEN,
};

static const napi_type_tag queue_tag = { 0x8a51c3f2d94b4e07, 0x9d1f6a20b7c85e31 };

struct queue {
	struct nlsocket socket;		/* first: nlsocket_release() frees the whole */
	uint16_t number;
	uint32_t last_id;		/* newest packet id seen */
	size_t send_limit;		/* bytes one sendmsg() may carry */
	uint32_t drops;			/* sk_drops as last read */

	struct span slab, output;
	size_t slot;			/* bytes of one slot */
	uint32_t *rows;
	uint64_t *counters;

	struct mmsghdr datagrams[BATCH];
	struct iovec slots[BATCH];
	struct sockaddr_nl senders[BATCH];

	uint8_t heads[BATCH * VERDICT_HEAD];
	struct iovec parts[BATCH * 3];	/* heads, payload, padding */
};

/* What is being gathered for one sendmsg(). */
struct gathering {
	uint32_t first;			/* first row in it */
	size_t heads, parts, bytes;
};

static uint8_t *put_attribute(uint8_t *at, uint16_t type, const void *data, size_t length)
{
	const struct nlattr attribute = { .nla_len = NLA_HDRLEN + length, .nla_type = type };

	memcpy(at, &attribute, sizeof(attribute));
	memset(at + NLA_HDRLEN, 0, NLA_ALIGN(length));
	memcpy(at + NLA_HDRLEN, data, length);
	return at + ATTRIBUTE_SPACE(length);
}

/* Writes the headers of a message of `length` bytes to the queue. */
static void put_message(const struct queue *q, uint8_t *start, uint8_t type, uint16_t flags, size_t length)
{
	const struct nlmsghdr header = {
		.nlmsg_len = length,
		.nlmsg_type = NFNL_SUBSYS_QUEUE << 8 | type,
		.nlmsg_flags = NLM_F_REQUEST | flags,
	};
	const struct nfgenmsg family = {
		.nfgen_family = AF_UNSPEC,
		.version = NFNETLINK_V0,
		.res_id = htons(q->number),
	};

	memcpy(start, &header, sizeof(header));
	memcpy(start + NLMSG_HDRLEN, &family, sizeof(family));
}

/* ---- receiving ---- */

/* The attributes of a packet message that we use; NULL where absent. */
struct attributes {
	const uint8_t *data[NFQA_MAX + 1];
	uint16_t length[NFQA_MAX + 1];
};

/*
 * Collects the attributes of `length` bytes. Returns false if they do not fill it exactly; those before the
 * fault are found all the same.
 */
static bool read_attributes(const uint8_t *at, size_t length, struct attributes *found)
{
	memset(found, 0, sizeof(*found));
	while (length >= NLA_HDRLEN) {
		uint16_t size = read_u16(at);
		uint16_t type = read_u16(at + 2) & NLA_TYPE_MASK;
		size_t step = NLA_ALIGN((size_t)size);

		if (size < NLA_HDRLEN || size > length)
			return false;
		if (type <= NFQA_MAX) {
			found->data[type] = at + NLA_HDRLEN;
			found->length[type] = size - NLA_HDRLEN;
		}
		if (step > length)
			step = length;
		at += step;
		length -= step;
	}
	return length == 0;
}

static uint32_t attribute_be32(const struct attributes *found, int type, uint32_t absent)
{
	return found->length[type] >= 4 ? ntohl(read_u32(found->data[type])) : absent;
}

static bool send_verdict(struct queue *q, uint32_t id, uint32_t verdict, const struct span *replacement);

/* Accepts a packet that JavaScript will not see. */
static void accept_unseen(struct queue *q, uint32_t id)
{
	if (!send_verdict(q, id, NF_ACCEPT, NULL))
		q->counters[COUNTER_VERDICT_ERRORS]++;
}

/*
 * Reads the datagram in slot `i` into `row`. Returns false if it is not a packet for JavaScript. The kernel
 * puts one message into each datagram.
 */
static bool read_packet(struct queue *q, unsigned int i, uint32_t *row)
{
	const uint8_t *start = q->slots[i].iov_base;
	size_t length = q->datagrams[i].msg_len;
	bool truncated = q->datagrams[i].msg_hdr.msg_flags & MSG_TRUNC;
	struct nfqnl_msg_packet_hdr packet;
	struct attributes found;
	struct nlmsghdr header;
	bool whole;

	/* Only the kernel's port id is 0; another privileged process could send here too. */
	if (q->senders[i].nl_pid != 0 || length < NLMSG_HDRLEN)
		goto malformed;
	header = read_header(start);
	if (header.nlmsg_type == NLMSG_ERROR && length >= NLMSG_HDRLEN + sizeof(int)) {
		/* Not 0: a verdict for a packet that is gone, say because its interface went down. */
		if (read_u32(start + NLMSG_HDRLEN) != 0)
			q->counters[COUNTER_VERDICT_ERRORS]++;
		return false;
	}
	if (header.nlmsg_type != (NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_PACKET) || length < MESSAGE_HEAD)
		goto malformed;

	whole = header.nlmsg_len == length && !truncated;
	if (!read_attributes(start + MESSAGE_HEAD, length - MESSAGE_HEAD, &found))
		whole = false;
	if (found.length[NFQA_PACKET_HDR] < sizeof(packet))
		goto malformed;
	memcpy(&packet, found.data[NFQA_PACKET_HDR], sizeof(packet));
	q->counters[COUNTER_PACKETS]++;
	q->last_id = ntohl(packet.packet_id);
	if (!whole) {
		q->counters[truncated ? COUNTER_TRUNCATED : COUNTER_MALFORMED]++;
		accept_unseen(q, q->last_id);
		return false;
	}

	row[ROW_ID] = q->last_id;
	row[ROW_OFFSET] = found.data[NFQA_PAYLOAD] ? found.data[NFQA_PAYLOAD] - q->slab.data : 0;
	row[ROW_LENGTH] = found.length[NFQA_PAYLOAD];
	row[ROW_ORIGINAL_LENGTH] = attribute_be32(&found, NFQA_CAP_LEN, found.length[NFQA_PAYLOAD]);
	row[ROW_IN_INTERFACE] = attribute_be32(&found, NFQA_IFINDEX_INDEV, 0);
	row[ROW_OUT_INTERFACE] = attribute_be32(&found, NFQA_IFINDEX_OUTDEV, 0);
	row[ROW_HOOK] = packet.hook;
	row[ROW_MARK] = attribute_be32(&found, NFQA_MARK, 0);
	row[ROW_PROTOCOL] = ntohs(packet.hw_protocol);
	row[ROW_VERDICT] = NF_ACCEPT;
	row[ROW_REPLACEMENT_OFFSET] = 0;
	row[ROW_REPLACEMENT_LENGTH] = 0;
	row[ROW_SET_MARK] = 0;
	row[ROW_NEW_MARK] = 0;
	return true;
malformed:
	q->counters[COUNTER_MALFORMED]++;
	return false;
}

/* ---- verdicts ---- */

/*
 * Writes a verdict message at `at`, all but the bytes of its payload. Returns where it ends; the payload, if
 * there is one, and its padding follow.
 */
static uint8_t *put_verdict(const struct queue *q, uint8_t *at, uint32_t id, uint32_t verdict,
			    const uint32_t *mark, size_t payload)
{
	const struct nfqnl_msg_verdict_hdr decision = { .verdict = htonl(verdict), .id = htonl(id) };
	uint8_t *end = put_attribute(at + MESSAGE_HEAD, NFQA_VERDICT_HDR, &decision, sizeof(decision));

	if (mark) {
		const uint32_t value = htonl(*mark);

		end = put_attribute(end, NFQA_MARK, &value, sizeof(value));
	}
	if (payload) {
		const struct nlattr attribute = { .nla_len = NLA_HDRLEN + payload, .nla_type = NFQA_PAYLOAD };

		memcpy(end, &attribute, sizeof(attribute));
		end += NLA_HDRLEN;
	}
	put_message(q, at, NFQNL_MSG_VERDICT, 0, end - at + payload);
	return end;
}

/* The kernel works off the whole send inside sendmsg(); its errors, if any, come back as NLMSG_ERROR. */
static bool send_parts(struct queue *q, struct iovec *parts, size_t count)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	const struct msghdr message = {
		.msg_name = &kernel,
		.msg_namelen = sizeof(kernel),
		.msg_iov = parts,
		.msg_iovlen = count,
	};
	ssize_t sent;

	do
		sent = sendmsg(q->socket.fd, &message, 0);
	while (sent < 0 && errno == EINTR);
	return sent >= 0;
}

static bool send_verdict(struct queue *q, uint32_t id, uint32_t verdict, const struct span *replacement)
{
	uint8_t head[VERDICT_HEAD];
	const size_t payload = replacement ? replacement->length : 0;
	struct iovec parts[] = {
		{ head, put_verdict(q, head, id, verdict, NULL, payload) - head },
		{ replacement ? replacement->data : NULL, payload },
	};

	return send_parts(q, parts, 2);
}

/*
 * True if the kernel will take the row's replacement. One that is shorter than the packet's own network
 * header it would answer by dropping the packet (nfqnl_mangle, nfnetlink_queue.c).
 */
static bool replacement_fits(const struct queue *q, const uint32_t *row)
{
	uint32_t offset = row[ROW_REPLACEMENT_OFFSET], length = row[ROW_REPLACEMENT_LENGTH];
	size_t network_header = 40;

	/* JavaScript may have written to any field of the row. */
	if (row[ROW_OFFSET] >= q->slab.length)
		return false;
	if (row[ROW_PROTOCOL] == ETH_P_IP && row[ROW_LENGTH])
		network_header = (q->slab.data[row[ROW_OFFSET]] & 15) * 4u;
	return length >= network_header && length <= PAYLOAD_MAX && offset <= q->output.length &&
	       length <= q->output.length - offset;
}

/* Sends what has been gathered. Should that fail, the packets of rows [first, end) go as they came. */
static void flush(struct queue *q, struct gathering *g, uint32_t end)
{
	uint32_t i;

	if (g->parts && !send_parts(q, q->parts, g->parts)) {
		for (i = g->first; i < end; i++) {
			const uint32_t *row = q->rows + i * ROW_FIELDS;

			if (row[ROW_VERDICT] == VERDICT_HOLD)
				continue;
			q->counters[COUNTER_VERDICT_ERRORS]++;
			(void)send_verdict(q, row[ROW_ID], row[ROW_VERDICT], NULL);
		}
	}
	memset(g, 0, sizeof(*g));
	g->first = end;
}

static void gather(struct gathering *g, struct iovec *parts, const void *data, size_t length)
{
	struct iovec *last = g->parts ? &parts[g->parts - 1] : NULL;

	g->bytes += length;
	/* Plain verdicts stand behind each other and make one part. */
	if (last && (uint8_t *)last->iov_base + last->iov_len == data)
		last->iov_len += length;
	else
		parts[g->parts++] = (struct iovec){ (void *)data, length };
}

/* Sends the verdicts of rows [0, count): one send, or several if one could not carry them. */
static void send_rows(struct queue *q, uint32_t count)
{
	static const uint8_t padding[NLA_ALIGNTO];
	struct gathering g = { 0 };
	uint32_t i;

	for (i = 0; i < count; i++) {
		uint32_t *row = q->rows + i * ROW_FIELDS;
		uint32_t payload = row[ROW_REPLACEMENT_LENGTH];
		uint8_t *head, *end;

		if (row[ROW_VERDICT] == VERDICT_HOLD)
			continue;
		if ((row[ROW_VERDICT] != NF_ACCEPT && row[ROW_VERDICT] != NF_DROP) ||
		    (payload && !replacement_fits(q, row))) {
			q->counters[COUNTER_BAD_ROWS]++;
			row[ROW_VERDICT] = NF_ACCEPT;
			payload = 0;
		}
		if (g.bytes + VERDICT_HEAD + NLA_ALIGN(payload) > q->send_limit)
			flush(q, &g, i);
		head = q->heads + g.heads;
		end = put_verdict(q, head, row[ROW_ID], row[ROW_VERDICT],
				  row[ROW_SET_MARK] ? &row[ROW_NEW_MARK] : NULL, payload);
		g.heads += end - head;
		gather(&g, q->parts, head, end - head);
		if (payload) {
			gather(&g, q->parts, q->output.data + row[ROW_REPLACEMENT_OFFSET], payload);
			if (NLA_ALIGN(payload) != payload)
				gather(&g, q->parts, padding, NLA_ALIGN(payload) - payload);
		}
	}
	flush(q, &g, count);
}

/* ---- the event loop ---- */

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
		if (read_packet(q, i, q->rows + count * ROW_FIELDS))
			count++;
	if (count > 0) {
		q->counters[COUNTER_BATCHES]++;
		threw = !nlsocket_call(&q->socket, count);
		/* Fail open: rows that onBatch had not reached when it threw still say NF_ACCEPT. */
		send_rows(q, count);
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

	while (read_batch(q) && ++batches < BATCHES_PER_WAKE_UP)
		;
	if (s->fd >= 0)
		count_overruns(q);
}

/* ---- opening and closing ---- */

/* Sends one config message and returns 0 or the errno of its answer, -1 meaning "a packet came first". */
static int configure(struct queue *q, uint8_t *message, uint8_t *end)
{
	struct pollfd readable = { .fd = q->socket.fd, .events = POLLIN };
	uint8_t answer[NLMSG_HDRLEN + sizeof(struct nlmsgerr)];
	struct iovec part = { message, end - message };
	ssize_t length;

	put_message(q, message, NFQNL_MSG_CONFIG, NLM_F_ACK, end - message);
	if (!send_parts(q, &part, 1))
		return errno;
	/* The answer was made inside sendmsg(); the wait is there so that a kernel without one is no hang. */
	if (poll(&readable, 1, 1000) == 0)
		return ETIMEDOUT;
	length = recv(q->socket.fd, answer, sizeof(answer), MSG_PEEK | MSG_DONTWAIT);
	if (length < (ssize_t)(NLMSG_HDRLEN + sizeof(int)))
		return length < 0 ? errno : EPROTO;
	if (read_header(answer).nlmsg_type != NLMSG_ERROR)
		return -1;
	(void)recv(q->socket.fd, answer, sizeof(answer), MSG_DONTWAIT);
	return read_errno(answer + NLMSG_HDRLEN);
}

static uint8_t *put_command(uint8_t *at, uint8_t command)
{
	const struct nfqnl_msg_config_cmd value = { .command = command };

	return put_attribute(at, NFQA_CFG_CMD, &value, sizeof(value));
}

/*
 * Binds the queue, in one message with its parameters: between a bare bind and them the kernel would refuse,
 * and so drop, every packet. Returns 0 or an errno.
 */
static int bind_queue(struct queue *q, uint32_t queue_length)
{
	const struct nfqnl_msg_config_params parameters = {
		.copy_range = htonl(0xffff),
		.copy_mode = NFQNL_COPY_PACKET,
	};
	const uint32_t most = htonl(queue_length);
	uint8_t message[128], *end;
	int error;

	/* Does nothing since Linux 3.8 but ask for the module and for CAP_NET_ADMIN, apart from the queue. */
	error = configure(q, message, put_command(message + MESSAGE_HEAD, NFQNL_CFG_CMD_PF_UNBIND));
	if (error)
		return error < 0 ? EPROTO : error;
	end = put_command(message + MESSAGE_HEAD, NFQNL_CFG_CMD_BIND);
	end = put_attribute(end, NFQA_CFG_PARAMS, &parameters, sizeof(parameters));
	end = put_attribute(end, NFQA_CFG_QUEUE_MAXLEN, &most, sizeof(most));
	error = configure(q, message, end);
	/* Capable, and yet not permitted: the queue belongs to another socket (nfqnl_recv_config). */
	if (error == EPERM)
		return EBUSY;
	/* A packet before the ACK: bound. The ACK comes later and says 0. */
	return error < 0 ? 0 : error;
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
	(void)send_parts(q, &part, 1);
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
	enum { NUMBER, LENGTH, RECEIVE_BUFFER, SLAB, ROWS, OUTPUT, COUNTS, ON_BATCH, ARGUMENTS };
	static const int on = 1;
	uint32_t number, queue_length, receive_buffer;
	struct span slab, rows, output, counters;
	napi_value values[ARGUMENTS], handle;
	struct queue *q;
	int error;

	if (!arguments(env, info, ARGUMENTS, values) ||
	    !value_u32(env, values[NUMBER], "queueNumber", UINT16_MAX, &number) ||
	    !value_u32(env, values[LENGTH], "queueLength", UINT32_MAX, &queue_length) ||
	    !value_u32(env, values[RECEIVE_BUFFER], "receiveBufferBytes", INT32_MAX, &receive_buffer) ||
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
	error = bind_queue(q, queue_length);
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
	if (!send_verdict(q, id, verdict, replacement.length ? &replacement : NULL))
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
