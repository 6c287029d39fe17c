/* link.c - does the server answer at all? One GET /version for all streams of a client that have heard nothing for
 * long, and one answer to all of them (rule 16). */
#include <config.h>

#include "kube/client_private.h"

static void tell(struct kube_client *client, bool alive, unsigned epoch)
{
    for (struct kube_link_listener *l = client->link.first, *next; l; l = next) {
        next = l->next;
        l->fn(l->arg, alive, epoch);
    }
}

static void on_answer(void *arg, const struct kube_response *response)
{
    struct kube_client *client = arg;
    client->link.check = NULL;
    unsigned epoch = client->epoch;
    bool alive = response->http != 0; /* even a 401 came over a link that lives */
    if (!alive)
        kube_client_refresh(client); /* first: what begins anew now takes new connections */
    tell(client, alive, epoch);
}

void kube_link_ask(struct kube_client *client, int64_t timeout_ms)
{
    if (client->link.check)
        return;
    client->link.check = kube_request_start(client, &(struct kube_request_spec){
        .method = "GET",
        .path = "/version",
        .what = "check the link",
        .timeout_ms = timeout_ms,
        .on_end = on_answer,
        .arg = client,
    });
}

void kube_link_listen(struct kube_client *client, struct kube_link_listener *listener)
{
    listener->client = client;
    listener->prev = NULL;
    listener->next = client->link.first;
    if (listener->next)
        listener->next->prev = listener;
    client->link.first = listener;
}

void kube_link_leave(struct kube_link_listener *listener)
{
    struct kube_client *client = listener->client;
    *(listener->prev ? &listener->prev->next : &client->link.first) = listener->next;
    if (listener->next)
        listener->next->prev = listener->prev;
    if (!client->link.first)
        kube_request_cancel(&client->link.check);
}
