#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# scripts/check against a tree where every rule is broken once, and against a good one.
set -uo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
tree=$(mktemp -d "${TMPDIR:-/tmp}/hpsr-check.XXXXXX")
trap 'rm -rf "$tree"' EXIT
failed=0

fresh() {
	rm -rf "$tree"
	mkdir -p "$tree"/{lib,config,dataplane,ctrl,test/unit,scripts}
	cp "$root/.clang-format" "$tree"
}

# file NAME LINE...: C, with the licence line first.
file() {
	local name=$tree/$1
	shift
	printf '%s\n' '/* SPDX-License-Identifier: BSD-3-Clause */' "$@" >"$name"
}

# expect WHAT PATTERN: the check fails, with a line that matches.
expect() {
	local said status
	said=$("$root/scripts/check" "$tree")
	status=$?
	if [ "$status" -ne 1 ] || ! grep -qE "$2" <<<"$said"; then
		printf 'FAIL %s: status %d, expected 1 and a line like %s; got:\n%s\n' \
			"$1" "$status" "$2" "$said"
		failed=1
	fi
}

fresh
file lib/good.h '#include <stdint.h>' '' 'typedef uint32_t good_id;'
file config/good.c '#include <yaml.h>' '#include "lib/good.h"'
file dataplane/dp.h '#include <rte_mbuf.h>' '#include "lib/good.h"'
file ctrl/good.c '#include <jansson.h>' '#include "dataplane/dp.h"'
file test/unit/good_test.c '#include "dataplane/any.h"' '' '/* assert_true */'
printf '#!/bin/sh\n# SPDX-License-Identifier: BSD-3-Clause\necho "$1"\n' >"$tree/scripts/good.sh"
if ! said=$("$root/scripts/check" "$tree"); then
	printf 'FAIL a good tree: %s\n' "$said"
	failed=1
fi

fresh
file lib/a.c '#include <yaml.h>'
expect "library in lib/" '^lib/a\.c:2: lib/ may not include <yaml\.h>'
fresh
file lib/a.c '#include "config/model.h"'
expect "config/ in lib/" '^lib/a\.c:2: lib/ may not include "config/model\.h"'
fresh
file config/a.c '#include <rte_mbuf.h>'
expect "DPDK in config/" '^config/a\.c:2: config/ may not include <rte_mbuf\.h> of dpdk'
fresh
file dataplane/a.c '#include "ctrl/plan.h"'
expect "ctrl/ in dataplane/" '^dataplane/a\.c:2: .*"ctrl/plan\.h"'
fresh
file ctrl/a.c '#include "dataplane/dp.h"' '#include "dataplane/fib.h"'
expect "a second dataplane header in ctrl/" '^ctrl/a\.c:3: .*"dataplane/fib\.h"'
fresh
file ctrl/a.c '#include <curl/curl.h>'
expect "unknown library" '^ctrl/a\.c:2: <curl/curl\.h>: whose header'
fresh
file lib/a.h '#include "lib/b.h"'
file lib/b.h '#include "lib/a.h"'
expect "circle" '^lib/[ab]\.h:2: includes in a circle: lib/'
fresh
printf 'int a;\n' >"$tree/lib/a.c"
expect "licence line" '^lib/a\.c:1: no .SPDX'
fresh
file lib/a.h 'typedef struct a a;'
expect "typedef" '^lib/a\.h:2: typedef'
fresh
file lib/a.c '/* TO''DO: more */'
expect "left undone" "^lib/a\.c:2: 'TO""DO'"
fresh
file lib/a.c 'int  a;'
expect "format" '^lib/a\.c:2: not as clang-format'
fresh
file lib/a.c "$(seq -f '/* %g */' 700)"
expect "length" '^lib/a\.c:701: 701 lines'
fresh
file test/unit/a_test.c 'int main(void);'
expect "assertion" '^test/unit/a_test\.c:1: a test without'
fresh
printf '#!/bin/sh\n# SPDX-License-Identifier: BSD-3-Clause\nif true; then\n' >"$tree/scripts/a.sh"
expect "shell syntax" '^scripts/a\.sh:[0-9]+: '
fresh
printf '# SPDX-License-Identifier: BSD-3-Clause\ndef f(:\n' >"$tree/scripts/a.py"
expect "python syntax" '^scripts/a\.py:2: '
fresh
printf 'trailing \n' >"$tree/a.md"
expect "white space" '^a\.md:1: white space at the end'
fresh
printf 'a:\n\t- b\n' >"$tree/a.yaml"
expect "tab in YAML" '^a\.yaml:2: tab in the indentation'
fresh
printf 'no newline' >"$tree/a.md"
expect "newline at the end" '^a\.md:1: no newline'

[ "$failed" -eq 0 ] && printf 'all rules hold\n'
exit "$failed"
