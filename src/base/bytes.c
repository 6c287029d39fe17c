#include <config.h>

#include <brdeck/base/file.h>

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <brdeck/base/alloc.h>

/* OpenSSL counts in int: long ones go in parts, each of whole groups. */
enum { GROUPS = 1 << 20 };

char *base64_encode(const void *bytes, size_t len)
{
    const unsigned char *from = bytes;
    if (len > SIZE_MAX / 4 * 3 - 4)
        die("out of memory");
    char *text = xmalloc((len + 2) / 3 * 4 + 1), *to = text;
    *to = '\0';
    while (len > 0) {
        size_t part = len < (size_t)GROUPS * 3 ? len : (size_t)GROUPS * 3;
        to += EVP_EncodeBlock((unsigned char *)to, from, (int)part);
        from += part;
        len -= part;
    }
    return text;
}

/* @text without its line breaks; NULL when what is left is not groups of four with
 * the padding at the end. OpenSSL is not so strict. */
static char *squeeze(const char *text, size_t *len, size_t *padding)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t size = strlen(text);
    char *plain = xmalloc(size + 1);
    *len = 0;
    for (size_t i = 0; i < size; i++)
        if (!strchr(" \t\r\n", text[i]))
            plain[(*len)++] = text[i];
    plain[*len] = '\0';
    size_t data = strspn(plain, alphabet);
    *padding = strspn(plain + data, "=");
    if (data + *padding == *len && *len % 4 == 0 && *padding <= 2)
        return plain;
    wipe(plain, size);
    free(plain);
    return NULL;
}

char *base64_decode(const char *text, size_t *len)
{
    size_t left, padding;
    char *plain = text ? squeeze(text, &left, &padding) : NULL;
    if (!plain)
        return NULL;
    size_t size = left, total = left / 4 * 3 - padding;
    unsigned char *bytes = xmalloc(left / 4 * 3 + 1), *to = bytes;
    const unsigned char *from = (const unsigned char *)plain;
    while (left > 0) {
        size_t part = left < (size_t)GROUPS * 4 ? left : (size_t)GROUPS * 4;
        int got = EVP_DecodeBlock(to, from, (int)part); /* padding comes out as zeros */
        to += got > 0 ? got : 0;
        from += part;
        left -= part;
    }
    bytes[total] = '\0';
    wipe(plain, size);
    free(plain);
    if (len)
        *len = total;
    return (char *)bytes;
}

void wipe(void *bytes, size_t len)
{
    if (bytes && len)
        OPENSSL_cleanse(bytes, len);
}

unsigned random_below(unsigned limit)
{
    if (limit < 2)
        return 0;
    uint32_t number, most = UINT32_MAX - UINT32_MAX % limit; /* above it some would come more often */
    do {
        if (getrandom(&number, sizeof number, 0) != (ssize_t)sizeof number && errno != EINTR)
            die("the system has no random numbers");
    } while (number >= most);
    return number % limit;
}
