/* protobuf.h - the few messages that kubectl sends as protobuf: access reviews.
 *
 * client-go uses protobuf for built-in types and takes JSON for an answer; only requests need
 * reading. Kubernetes wraps each in "k8s\0" and an Unknown message.
 */
#ifndef BRDECK_SIM_PROTOBUF_H
#define BRDECK_SIM_PROTOBUF_H

#include <stddef.h>

#include <brdeck/base/json.h>

/* A SelfSubject…Review as the JSON it would be, its spec only; NULL when @bytes are none. */
struct json *protobuf_review(const char *bytes, size_t len);

#endif
