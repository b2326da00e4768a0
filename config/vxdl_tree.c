/* SPDX-License-Identifier: BSD-3-Clause */
#include "config/vxdl_tree.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <libxml/xmlerror.h>

#include "config/vxdl.h"

#define ELEMS_MAX 100000u
#define XSI_NAMESPACE "http://www.w3.org/2001/XMLSchema-instance"

struct reader {
	xmlParserCtxtPtr ctxt;
	struct diag *diag;
	struct vxdl_elem *root, *at;
	unsigned int depth, n_elems;
	bool stopped; /* the reason is in diag */
	bool no_memory;
};

/* ---- what is refused before libxml2 sees it ---- */

static int check_raw(const char *text, size_t len, struct diag *diag)
{
	struct model_loc loc = {.line = 1};
	size_t begin = 0;
	uint32_t begin_line = 1;
	bool in_tag = false;

	if (len > VXDL_FILE_MAX) {
		diag_error(diag, (struct model_loc){0}, "larger than %u MiB: not a request",
			VXDL_FILE_MAX >> 20);
		return -EINVAL;
	}
	/* Only UTF-8: what the limits below count must be what the parser reads. */
	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		begin = 3;
	while (begin < len && text[begin] && strchr(" \t\r\n", text[begin]))
		begin++;
	if (begin >= len || text[begin] != '<') {
		diag_error(diag, loc, "expected an XML document in UTF-8");
		return -EINVAL;
	}
	/* libxml2 compares each attribute of a tag with all others. */
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\0') {
			diag_error(diag, loc, "a NUL byte: not an XML document in UTF-8");
			return -EINVAL;
		}
		if (text[i] == '<') {
			in_tag = i + 1 < len && text[i + 1] != '!' && text[i + 1] != '?';
			begin = i;
			begin_line = loc.line;
		}
		if (in_tag && i - begin > VXDL_TAG_MAX) {
			loc.line = begin_line;
			diag_error(diag, loc, "more than %d bytes between two tags", VXDL_TAG_MAX);
			return -EINVAL;
		}
		loc.line += text[i] == '\n';
	}
	return 0;
}

/* ---- building ---- */

static void stop(struct reader *reader)
{
	reader->stopped = true;
	xmlStopParser(reader->ctxt);
}

static void out_of_memory(struct reader *reader)
{
	reader->no_memory = true;
	stop(reader);
}

/* The line of a place in the tag that the parser has just read. A tag has no '<' inside. */
static struct model_loc tag_loc(const struct reader *reader, const xmlChar *from)
{
	const xmlParserInput *input = reader->ctxt->input;
	struct model_loc loc = {.line = (uint32_t)input->line};
	const xmlChar *at = input->cur;

	if (!from || from < input->base || from > at) {
		for (from = at; from > input->base && *from != '<';)
			from--;
	}
	for (; from < at; from++)
		loc.line -= *from == '\n' && loc.line > 1;
	return loc;
}

static bool add_attr(struct reader *reader, struct vxdl_elem *elem, const xmlChar **raw)
{
	struct vxdl_attr *attr;

	if (raw[2] && strcmp((const char *)raw[2], XSI_NAMESPACE) == 0)
		return true;
	attr = calloc(1, sizeof(*attr));
	if (!attr)
		return false;
	if (elem->last_attr)
		elem->last_attr->next = attr;
	else
		elem->attrs = attr;
	elem->last_attr = attr;
	attr->loc = tag_loc(reader, raw[3]);
	attr->value = strndup((const char *)raw[3], (size_t)(raw[4] - raw[3]));
	/* With a prefix it is nobody's: the colon stays in the name, and no name has one. */
	if (raw[1]) {
		if (asprintf(&attr->name, "%s:%s", raw[1], raw[0]) < 0)
			attr->name = NULL;
	} else {
		attr->name = strdup((const char *)raw[0]);
	}
	return attr->name && attr->value;
}

static void start_element(void *data, const xmlChar *name, const xmlChar *prefix,
	const xmlChar *uri, int n_namespaces, const xmlChar **namespaces, int n_attrs,
	int n_defaulted, const xmlChar **attrs)
{
	struct reader *reader = data;
	struct vxdl_elem *elem;

	(void)prefix, (void)n_namespaces, (void)namespaces, (void)n_defaulted;
	if (reader->stopped)
		return;
	if (++reader->depth > VXDL_DEPTH_MAX) {
		diag_error(reader->diag, tag_loc(reader, NULL),
			"elements are nested deeper than %d", VXDL_DEPTH_MAX);
		stop(reader);
		return;
	}
	if (++reader->n_elems > ELEMS_MAX) {
		diag_error(reader->diag, tag_loc(reader, NULL), "more than %u elements", ELEMS_MAX);
		stop(reader);
		return;
	}
	elem = calloc(1, sizeof(*elem));
	if (!elem) {
		out_of_memory(reader);
		return;
	}
	elem->parent = reader->at;
	if (!reader->at)
		reader->root = elem;
	else if (reader->at->last)
		reader->at->last->next = elem;
	else
		reader->at->first = elem;
	if (reader->at)
		reader->at->last = elem;
	reader->at = elem;
	elem->loc = tag_loc(reader, NULL);
	elem->name = strdup((const char *)name);
	for (int i = 0; i < n_attrs; i++) {
		if (!add_attr(reader, elem, attrs + (size_t)i * 5)) {
			out_of_memory(reader);
			return;
		}
	}
	if (!elem->name)
		out_of_memory(reader);
	else if (!uri || strcmp((const char *)uri, VXDL_NAMESPACE) != 0)
		diag_error(reader->diag, elem->loc,
			"%s: expected the namespace '%s', found '%.100s'", elem->name,
			VXDL_NAMESPACE, uri ? (const char *)uri : "");
}

static void end_element(void *data, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
	struct reader *reader = data;

	(void)name, (void)prefix, (void)uri;
	if (reader->stopped)
		return;
	reader->depth--;
	reader->at = reader->at->parent;
}

static void characters(void *data, const xmlChar *text, int len)
{
	struct reader *reader = data;

	if (reader->stopped || !reader->at || reader->at->text)
		return;
	for (int i = 0; i < len; i++) {
		if (strchr(" \t\r\n", text[i]))
			continue;
		diag_error(reader->diag,
			(struct model_loc){.line = (uint32_t)reader->ctxt->input->line},
			"%s: expected no text, found '%.*s'", reader->at->name,
			len - i > 40 ? 40 : len - i, text + i);
		reader->at->text = true;
		return;
	}
}

static void doctype(void *data, const xmlChar *name, const xmlChar *id, const xmlChar *system)
{
	struct reader *reader = data;

	(void)name, (void)id, (void)system;
	diag_error(reader->diag, (struct model_loc){.line = (uint32_t)reader->ctxt->input->line},
		"a DOCTYPE is refused: a request has no DTD and no entities");
	stop(reader);
}

static void on_error(void *data, xmlErrorPtr error)
{
	struct reader *reader = data;
	struct model_loc loc = {.line = error->line > 0 ? (uint32_t)error->line : 1};
	size_t len = error->message ? strlen(error->message) : 0;

	if (reader->stopped || error->level == XML_ERR_WARNING)
		return;
	if (error->code == XML_ERR_NO_MEMORY) {
		out_of_memory(reader);
		return;
	}
	while (len && error->message[len - 1] == '\n')
		len--;
	diag_error(reader->diag, loc, "%.*s", (int)(len > 200 ? 200 : len),
		error->message ? error->message : "");
	/* What follows a fault in the syntax is guessed. */
	if (error->level == XML_ERR_FATAL)
		stop(reader);
}

int vxdl_tree_parse(const char *text, size_t len, struct vxdl_elem **root, struct diag *diag)
{
	struct reader reader = {.diag = diag};
	size_t n_errors = diag->n_errors;
	int rc;

	*root = NULL;
	rc = check_raw(text, len, diag);
	if (rc < 0)
		return rc;
	reader.ctxt = xmlCreateMemoryParserCtxt(text, (int)len);
	if (!reader.ctxt)
		return -ENOMEM;
	memset(reader.ctxt->sax, 0, sizeof(*reader.ctxt->sax));
	reader.ctxt->sax->initialized = XML_SAX2_MAGIC;
	reader.ctxt->sax->internalSubset = doctype;
	reader.ctxt->sax->startElementNs = start_element;
	reader.ctxt->sax->endElementNs = end_element;
	reader.ctxt->sax->characters = characters;
	reader.ctxt->sax->ignorableWhitespace = characters;
	reader.ctxt->sax->cdataBlock = characters;
	reader.ctxt->sax->serror = on_error;
	reader.ctxt->userData = &reader;
	xmlCtxtUseOptions(reader.ctxt, XML_PARSE_NONET | XML_PARSE_IGNORE_ENC);
	xmlParseDocument(reader.ctxt);
	if (reader.no_memory)
		rc = -ENOMEM;
	else if (diag->n_errors > n_errors && (reader.stopped || !reader.root))
		rc = -EINVAL;
	else if (!reader.ctxt->wellFormed || !reader.root) {
		diag_error(diag, (struct model_loc){.line = 1}, "not a well-formed document");
		rc = -EINVAL;
	}
	if (reader.ctxt->myDoc)
		xmlFreeDoc(reader.ctxt->myDoc);
	xmlFreeParserCtxt(reader.ctxt);
	if (rc < 0)
		vxdl_tree_destroy(reader.root);
	else
		*root = reader.root;
	return rc;
}

void vxdl_tree_destroy(struct vxdl_elem *root)
{
	if (!root)
		return;
	for (struct vxdl_elem *child = root->first, *next; child; child = next) {
		next = child->next;
		vxdl_tree_destroy(child);
	}
	for (struct vxdl_attr *attr = root->attrs, *next; attr; attr = next) {
		next = attr->next;
		free(attr->name);
		free(attr->value);
		free(attr);
	}
	free(root->name);
	free(root);
}

struct vxdl_attr *vxdl_tree_attr(const struct vxdl_elem *elem, const char *name)
{
	struct vxdl_attr *attr = elem->attrs;

	while (attr && strcmp(attr->name, name) != 0)
		attr = attr->next;
	return attr;
}
