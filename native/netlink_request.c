/*
 * Batches of requests: numbered, sent as many at once as the socket bears, and each given its errno.
 *
 * The kernel works off a send in its order and answers each request that fails, asked or not (netlink_rcv_skb).
 * So only the last one of a send is asked to be acknowledged: once that ACK is here, what has no answer is done.
 */
#include "netlink.h"

/* Marks in `errnos` while a chunk of requests is under way. */
enum { UNANSWERED = INT32_MIN, ANSWER_DID_NOT_FIT = INT32_MIN + 1 };

/* Requests under way, and where their answers go. */
struct exchange {
	int32_t *errnos;		/* of this send's requests */
	uint32_t first, count;		/* first sequence number; requests */
	bool done;			/* the last one has its ACK */
	struct span replies;
	size_t used;
};

/* One message of an answer: an ACK or error fills its request's errno, all else is appended to the replies. */
static void take_message(struct exchange *x, const struct nlmsghdr *header, const uint8_t *message,
			 size_t received)
{
	uint32_t index = header->nlmsg_seq - x->first;
	int32_t *slot;

	/* An answer to an earlier exchange that had given up waiting for it. */
	if (index >= x->count || header->nlmsg_type < NLMSG_ERROR)
		return;
	slot = &x->errnos[index];
	if (header->nlmsg_type == NLMSG_ERROR) {
		int32_t error = read_errno(message + NLMSG_HDRLEN);

		if (*slot != UNANSWERED && *slot != ANSWER_DID_NOT_FIT)
			return;
		*slot = error == 0 && *slot == ANSWER_DID_NOT_FIT ? ENOBUFS : error;
		x->done |= index == x->count - 1;
		return;
	}
	if (received < header->nlmsg_len || NLMSG_ALIGN(header->nlmsg_len) > x->replies.length - x->used) {
		if (*slot == UNANSWERED)
			*slot = ANSWER_DID_NOT_FIT;
		return;
	}
	memset(x->replies.data + x->used, 0, NLMSG_ALIGN(header->nlmsg_len));
	memcpy(x->replies.data + x->used, message, header->nlmsg_len);
	x->used += NLMSG_ALIGN(header->nlmsg_len);
}

static void take_datagram(struct exchange *x, const uint8_t *at, size_t length)
{
	while (length >= NLMSG_HDRLEN) {
		struct nlmsghdr header = read_header(at);
		size_t step = NLMSG_ALIGN((size_t)header.nlmsg_len);

		if (header.nlmsg_len < NLMSG_HDRLEN)
			return;
		/* Of a truncated message the header still tells whose answer did not fit. */
		if (header.nlmsg_type != NLMSG_ERROR ||
		    (header.nlmsg_len >= NLMSG_HDRLEN + sizeof(int) && header.nlmsg_len <= length))
			take_message(x, &header, at, length);
		if (step >= length)
			return;
		at += step;
		length -= step;
	}
}

/*
 * Reads answers until the last request of the exchange has its ACK. Whatever ends it, no errno is left open: what
 * has no answer by then is done, or gets ETIMEDOUT, or ENOBUFS if the kernel says that it had to throw answers away.
 */
static void read_answers(struct netlink *n, struct exchange *x)
{
	int reason = 0, got, i;
	bool lost = false;
	uint32_t j;

	while (!x->done && !reason) {
		for (i = 0; i < ANSWERS; i++)
			n->datagrams[i].msg_hdr.msg_namelen = sizeof(n->senders[i]);
		got = recvmmsg(n->socket.fd, n->datagrams, ANSWERS, MSG_DONTWAIT, NULL);
		if (got < 0 && errno == EAGAIN)
			reason = lost ? ENOBUFS : netlink_await(n);
		else if (got < 0 && errno == ENOBUFS)
			lost = true;
		else if (got < 0 && errno != EINTR)
			reason = errno;
		for (i = 0; i < got; i++)
			if (n->senders[i].nl_pid == 0)
				take_datagram(x, n->answers[i], n->datagrams[i].msg_len);
	}
	for (j = 0; j < x->count; j++) {
		if (x->errnos[j] == UNANSWERED)
			x->errnos[j] = lost ? ENOBUFS : reason;
		else if (x->errnos[j] == ANSWER_DID_NOT_FIT)
			x->errnos[j] = reason ? reason : ENOBUFS;
	}
}

/*
 * Counts the messages in `length` bytes. Returns 0 if they are not whole messages one behind the other, with
 * an error thrown.
 */
static uint32_t count_messages(napi_env env, const struct netlink *n, const uint8_t *data, size_t length)
{
	uint32_t count = 0;
	size_t at = 0;

	while (at < length) {
		uint32_t size = length - at < NLMSG_HDRLEN ? 0 : read_u32(data + at);

		if (size < NLMSG_HDRLEN || size > length - at) {
			throw_range(env, "ERR_INVALID_MESSAGE",
				    "requests: message %u at byte %zu gives its length as %u, "
				    "and %zu bytes are left", count, at, size, length - at);
			return 0;
		}
		if (size > n->send_limit) {
			throw_range(env, "ERR_INVALID_MESSAGE",
				    "requests: message %u has %u bytes, the socket sends at most %zu",
				    count, size, n->send_limit);
			return 0;
		}
		count++;
		at += NLMSG_ALIGN((size_t)size) < length - at ? NLMSG_ALIGN((size_t)size) : length - at;
	}
	return count;
}

/* Numbers and sends as many of the messages as one send may carry; returns the bytes they take. */
static size_t send_some(struct netlink *n, struct exchange *x, uint8_t *data, size_t length)
{
	size_t at = 0, last = 0;
	struct nlmsghdr header;
	uint32_t i;
	int error;

	x->first = n->sequence + 1;
	x->count = 0;
	while (at < length && x->count < n->most) {
		size_t step;

		header = read_header(data + at);
		step = NLMSG_ALIGN((size_t)header.nlmsg_len);
		if (step > length - at)
			step = length - at;
		if (x->count > 0 && at + step > n->send_limit)
			break;
		header.nlmsg_seq = ++n->sequence;
		header.nlmsg_flags = (header.nlmsg_flags & ~NLM_F_ACK) | NLM_F_REQUEST;
		write_header(data + at, &header);
		x->errnos[x->count++] = UNANSWERED;
		last = at;
		at += step;
	}
	header = read_header(data + last);
	header.nlmsg_flags |= NLM_F_ACK;
	write_header(data + last, &header);
	error = netlink_send(n, data, at);
	x->done = error != 0;
	for (i = 0; error && i < x->count; i++)
		x->errnos[i] = error;
	return at;
}

napi_value netlink_request(napi_env env, napi_callback_info info)
{
	enum { SOCKET, REQUESTS, LENGTH, ERRNOS, REPLIES, ARGUMENTS };
	struct span requests, errnos;
	struct exchange x = { 0 };
	napi_value values[ARGUMENTS], used;
	uint32_t length, count;
	struct netlink *n;
	size_t at;

	if (!arguments(env, info, ARGUMENTS, values))
		return NULL;
	n = netlink_idle(env, values[SOCKET]);
	if (!n || !value_span(env, values[REQUESTS], "requests", napi_uint8_array, 0, &requests) ||
	    !value_u32(env, values[LENGTH], "length", requests.length, &length) ||
	    !value_span(env, values[ERRNOS], "errnos", napi_int32_array, 0, &errnos) ||
	    !value_span(env, values[REPLIES], "replies", napi_uint8_array, 0, &x.replies))
		return NULL;
	count = count_messages(env, n, requests.data, length);
	if (length > 0 && count == 0)
		return NULL;
	if (count > errnos.length / sizeof(int32_t)) {
		throw_range(env, "ERR_OUT_OF_RANGE", "errnos has %zu elements for %u requests",
			    errnos.length / sizeof(int32_t), count);
		return NULL;
	}
	x.errnos = (int32_t *)errnos.data;
	for (at = 0; at < length; x.errnos += x.count) {
		at += send_some(n, &x, requests.data + at, length - at);
		read_answers(n, &x);
	}
	return ok(env, napi_create_uint32(env, x.used, &used)) ? used : NULL;
}
