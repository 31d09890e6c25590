/*
 * When to wait for more packets before a batch is read.
 */
#include <time.h>

#include "queue.h"

/* A batch this full has gathered by itself: to wait for more would only be late. */
enum { FULL_ENOUGH = BATCH / 4 };
/* Packets that must be about to come within a pause for it to be worth one. */
enum { WORTH_A_PAUSE = 2 };
/* Nanoseconds: a longer gap between two packets counts as this. */
enum { LONGEST_GAP = 1000000 };

/* Sets how many microseconds a pause lasts; none is made before packets have been seen to come fast. */
void queue_set_pace(struct queue *q, uint32_t pause)
{
	q->pause = pause * 1000;
	q->gap = LONGEST_GAP;
}

/* Takes note of how fast packets come: a running mean of the time between two. */
void queue_note_pace(struct queue *q, uint32_t packets)
{
	const uint64_t now = uv_hrtime();
	uint64_t gap = (now - q->read_at) / packets;

	if (gap > LONGEST_GAP)
		gap = LONGEST_GAP;
	q->gap = (7 * q->gap + gap) / 8;
	q->read_at = now;
	q->last_batch = packets;
}

/*
 * Where packets come fast, each one's wake-up costs more than its work: a short pause lets some more gather. Where
 * they come slowly or have gathered already, none is made, and none is late.
 */
void queue_pause_for_more(const struct queue *q)
{
	const struct timespec pause = { .tv_nsec = q->pause };

	if (q->last_batch < FULL_ENOUGH && q->gap * WORTH_A_PAUSE <= q->pause)
		(void)nanosleep(&pause, NULL);
}
