#include <config.h>

#include "kube/client_private.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* NO_PROXY as Go reads it (golang.org/x/net/http/httpproxy): names with what is below them, addresses, networks, each
 * maybe with a port. curl would compare the name in the URL, which with tls-server-name is not the server's. */

enum { ENTRY_MAX = 256 };

struct address {
    int family; /* 0: none */
    unsigned char bytes[sizeof(struct in6_addr)];
    unsigned bits;
};

static struct address read_address(const char *text)
{
    struct address a = {.family = AF_INET, .bits = 32};
    if (inet_pton(AF_INET, text, a.bytes) == 1)
        return a;
    a = (struct address){.family = AF_INET6, .bits = 128};
    if (inet_pton(AF_INET6, text, a.bytes) == 1)
        return a;
    return (struct address){0};
}

static bool is_in(const struct address *host, const struct address *net, unsigned bits)
{
    if (!host->family || host->family != net->family || bits > net->bits)
        return false;
    unsigned whole = bits / 8, mask = (0xff00U >> bits % 8) & 0xff;
    return memcmp(host->bytes, net->bytes, whole) == 0 &&
           (!mask || ((host->bytes[whole] ^ net->bytes[whole]) & mask) == 0);
}

/* "name" is itself and all below it, ".name" and "*.name" only what is below. */
static bool is_below(const char *host, const char *name)
{
    if (str_starts(name, "*."))
        name++;
    size_t len = strlen(name), host_len = strlen(host);
    if (!len || host_len < len || strcasecmp(host + host_len - len, name) != 0)
        return false;
    return name[0] == '.' ? host_len > len : host_len == len || host[host_len - len - 1] == '.';
}

/* Cut a port off @entry; "" when there is none. */
static const char *cut_port(char *entry)
{
    char *colon = strrchr(entry, ':');
    if (!colon || (strchr(entry, ':') != colon && colon[-1] != ']')) /* an IPv6 address has more of them */
        return "";
    *colon = '\0';
    return colon + 1;
}

static void cut_brackets(char *text)
{
    size_t len = strlen(text);
    if (len < 2 || text[0] != '[' || text[len - 1] != ']')
        return;
    memmove(text, text + 1, len - 2);
    text[len - 2] = '\0';
}

static bool entry_fits(char *entry, const char *host, const struct address *address, const char *port)
{
    if (strcmp(entry, "*") == 0)
        return true;
    char *slash = strchr(entry, '/');
    if (slash) {
        *slash = '\0';
        struct address net = read_address(entry);
        return is_in(address, &net, (unsigned)atoi(slash + 1));
    }
    const char *only = cut_port(entry);
    cut_brackets(entry);
    if (*only && strcmp(only, port) != 0)
        return false;
    struct address other = read_address(entry);
    return other.family ? is_in(address, &other, other.bits) : !address->family && is_below(host, entry);
}

bool kube_no_proxy(const char *list, const char *host, const char *port)
{
    char bare[ENTRY_MAX], entry[ENTRY_MAX];
    snprintf(bare, sizeof bare, "%s", host);
    cut_brackets(bare);
    struct address address = read_address(bare);
    while (list && *list) {
        size_t len = strcspn(list, ", \t");
        if (len > 0 && len < sizeof entry) {
            memcpy(entry, list, len);
            entry[len] = '\0';
            if (entry_fits(entry, bare, &address, port))
                return true;
        }
        list += len + (list[len] != '\0');
    }
    return false;
}
