/*
 * How a queue is bound: the configuration messages and the kernel's answers.
 */
#include <poll.h>

#include "queue.h"

/* Sends one config message and returns 0 or the errno of its answer, -1 meaning "a packet came first". */
static int configure(struct queue *q, uint8_t *message, uint8_t *end)
{
	struct pollfd readable = { .fd = q->socket.fd, .events = POLLIN };
	uint8_t answer[NLMSG_HDRLEN + sizeof(struct nlmsgerr)];
	struct iovec part = { message, end - message };
	ssize_t length;

	put_message(q, message, NFQNL_MSG_CONFIG, NLM_F_ACK, end - message);
	if (!queue_send(q, &part, 1))
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
int queue_bind(struct queue *q, uint32_t queue_length)
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
