/* yaml.h - YAML in and out, by way of JSON trees.
 *
 * The YAML that Kubernetes takes: YAML 1.1's core scalars as sigs.k8s.io/yaml reads
 * them (true, yes, on..., numbers, null), no custom tags. Keys are strings.
 */
#ifndef BRDECK_KUBE_YAML_H
#define BRDECK_KUBE_YAML_H

#include <stddef.h>

#include <brdeck/base/error.h>
#include <brdeck/base/json.h>

/* All documents of @text, as an array (empty documents are left out); JSON is YAML too.
 * @name (a path) stands in errors: "NAME:LINE: what". Aliases are expanded up to a
 * limit. NULL and @err on failure; the caller frees. */
struct json *yaml_parse(const char *text, size_t len, const char *name, struct error *err);
/* @json as one block-style document, as kubectl -o yaml prints it (members in their
 * order). Strings that would be read as something else are quoted, control characters
 * escaped. The caller frees. */
char *yaml_print(const struct json *json);

#endif
