/* yaml.h - YAML in and out, by way of JSON trees.
 *
 * The YAML that Kubernetes takes: plain scalars are resolved as sigs.k8s.io/yaml does (YAML 1.1
 * as yaml.v2 has it: y, yes, on..., null, ~, 0x1f, 017, 1_000), dates stay strings, other tags
 * than the core ones are errors. Whole numbers keep all their digits. Keys are strings, as they
 * stand there.
 */
#ifndef BRDECK_KUBE_YAML_H
#define BRDECK_KUBE_YAML_H

#include <stddef.h>

#include <brdeck/base/error.h>
#include <brdeck/base/json.h>

/* All documents of @text, as an array (empty documents are left out); JSON is YAML too.
 * @name (a path) stands in errors: "NAME:LINE: what" (ERROR_INPUT), which never quote a value.
 * Errors are also: a key that stands twice in a mapping, .nan and .inf, a NUL in a string, more than
 * JSON_DEPTH_MAX levels, 10,000 members of a mapping or 1,000 anchors, aliases that expand to more than
 * 32 MiB. Merge keys (<<) are laid under the members. NULL and @err on failure; the caller frees. */
struct json *yaml_parse(const char *text, size_t len, const char *name, struct error *err);
/* @json as one block-style document, as kubectl -o yaml prints it (members in their order, lines not
 * folded). Strings that would be read as something else are quoted; control, bidi and zero-width characters
 * are escaped; a byte that is no UTF-8 comes out as U+FFFD. What yaml_parse reads from it equals
 * @json. NULL prints as null. The caller frees. */
char *yaml_print(const struct json *json);

#endif
