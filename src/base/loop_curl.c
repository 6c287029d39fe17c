#include <config.h>

#include <brdeck/base/loop.h>

#include <stdlib.h>

#include <brdeck/base/alloc.h>

#include "base/loop_private.h"

struct loop_transfer {
    CURL *easy;
    loop_curl_fn *done;
    void *arg;
    bool waits; /* not yet in the multi handle */
    struct loop_transfer *next;
};

/* The link that points at the transfer of @easy; at NULL when there is none. */
static struct loop_transfer **find(struct loop *loop, const CURL *easy)
{
    struct loop_transfer **link = &loop->transfers;
    while (*link && (*link)->easy != easy)
        link = &(*link)->next;
    return link;
}

static void hand_over(struct loop *loop, struct loop_transfer *transfer)
{
    transfer->waits = false;
    CURLMcode code = curl_multi_add_handle(loop->multi, transfer->easy);
    if (code != CURLM_OK)
        die(curl_multi_strerror(code));
}

void loop_curl_add(struct loop *loop, CURL *easy, loop_curl_fn *done, void *arg)
{
    if (*find(loop, easy))
        die("loop_curl_add: the transfer is running");
    struct loop_transfer *transfer = xmalloc(sizeof *transfer);
    *transfer = (struct loop_transfer){.easy = easy, .done = done, .arg = arg, .next = loop->transfers};
    loop->transfers = transfer;
    curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
    if (loop->performing)
        transfer->waits = loop->transfers_wait = true;
    else
        hand_over(loop, transfer);
}

/* Out of the list and out of the multi handle: @easy is its caller's again. */
static void take_out(struct loop *loop, struct loop_transfer **link)
{
    struct loop_transfer *transfer = *link;
    if (!transfer->waits)
        curl_multi_remove_handle(loop->multi, transfer->easy);
    curl_easy_setopt(transfer->easy, CURLOPT_PRIVATE, NULL);
    *link = transfer->next;
    free(transfer);
}

void loop_curl_remove(struct loop *loop, CURL *easy)
{
    struct loop_transfer **link = find(loop, easy);
    if (!*link)
        return;
    if (loop->performing && !(*link)->waits)
        die("loop_curl_remove: called from a curl callback");
    take_out(loop, link);
}

static void add_waiting(struct loop *loop)
{
    if (!loop->transfers_wait)
        return;
    loop->transfers_wait = false;
    for (struct loop_transfer *transfer = loop->transfers; transfer; transfer = transfer->next)
        if (transfer->waits)
            hand_over(loop, transfer);
}

void loop_curl_run(struct loop *loop)
{
    int running, left;
    loop->performing = true;
    curl_multi_perform(loop->multi, &running);
    loop->performing = false;
    add_waiting(loop);
    /* One message at a time: a callback may remove a transfer whose message is
     * not read yet, and curl then takes that out of its queue. */
    for (CURLMsg *message; (message = curl_multi_info_read(loop->multi, &left));) {
        if (message->msg != CURLMSG_DONE)
            continue;
        CURLcode code = message->data.result;
        struct loop_transfer **link = find(loop, message->easy_handle);
        if (!*link)
            continue;
        loop_curl_fn *done = (*link)->done;
        void *arg = (*link)->arg;
        take_out(loop, link);
        done(arg, code);
    }
}

void loop_curl_drop(struct loop *loop)
{
    while (loop->transfers)
        take_out(loop, &loop->transfers);
}

