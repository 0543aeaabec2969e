# Troupe's build. `make` builds build/troupe; `make help` lists the targets.
#
# Every src/**/*.c is compiled into the binary by virtue of being there; a *_test.c beside it becomes a program of its
# own, linked with all objects but cli/main.o. One directory of objects per configuration: CONFIG=release|debug|asan|tsan.
# build/gen/ holds what is generated for all configurations, build/prism/ the parser.

CONFIG ?= release
ifeq ($(origin CC),default)
CC := $(if $(shell command -v ccache 2>/dev/null),ccache gcc,gcc)
endif

OBJ := build/obj/$(CONFIG)
BIN := $(if $(filter release,$(CONFIG)),build,build/$(CONFIG))

# `make V=1` shows the commands.
Q   := $(if $(V),,@)
SAY := $(if $(V),@:,@echo)

WARN     := -Wall -Wextra
CPPFLAGS += -Isrc -Iinclude -Ibuild/gen -D_GNU_SOURCE
BASE     := -std=gnu11 -ffile-prefix-map=$(CURDIR)=. $(WARN) -fno-strict-aliasing -fwrapv -ffunction-sections -fdata-sections -g
CFLAGS_release := -O2
CFLAGS_debug   := -Og -DTR_DEBUG
# memcpy(NULL, NULL, 0) is nothing to us, and so that it is nothing to the compiler either, it keeps its checks.
CFLAGS_asan    := -O1 -fno-delete-null-pointer-checks -DTR_DEBUG -fsanitize=address,undefined -fno-sanitize-recover=undefined \
                  -fno-sanitize=nonnull-attribute
CFLAGS_fuzz    := -O1 -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined
CFLAGS_tsan    := -O1 -DTR_DEBUG -fsanitize=thread
LDFLAGS_asan   := -fsanitize=address,undefined
LDFLAGS_tsan   := -fsanitize=thread
CFLAGS  += $(BASE) $(CFLAGS_$(CONFIG))
LDFLAGS += $(LDFLAGS_$(CONFIG)) -Wl,--gc-sections
# Static where Debian offers it and every start would pay for the dynamic linker otherwise. What few programs need
# (OpenSSL, libyaml, libedit) is loaded when it is first asked for.
LDLIBS  += -Wl,-Bstatic -lgmp -lz -Wl,-Bdynamic -lonig -lpthread -lm -ldl

SOURCES := $(filter-out %_test.c,$(sort $(shell find src -name '*.c')))
TESTS   := $(sort $(shell find src -name '*_test.c'))
# Complex and Rational change what they inherit from Numeric, so that stands first.
PRELUDE := src/core/numeric.rb $(filter-out %_test.rb src/core/numeric.rb,$(sort $(wildcard src/core/*.rb)))
OBJECTS := $(SOURCES:src/%.c=$(OBJ)/%.o) $(OBJ)/gen/ast_tables.o $(OBJ)/gen/prelude.o $(OBJ)/gen/unicode_tables.o $(OBJ)/prism/prism.o \
           $(OBJ)/prism/wasi.o
TEST_BINS := $(TESTS:src/%.c=$(BIN)/test/%)

.PHONY: all gen debug unit test test-asan test-tsan test-gc test-seeds soak lint bench demo install clean help fuzz-ast fuzz-parcel fuzz-seeds
.SECONDARY:

all: $(BIN)/troupe ## the release build: build/troupe

debug: ## assertions on, -Og: build/debug/troupe
	@$(MAKE) CONFIG=debug all

gen: build/gen/ast_nodes.h build/gen/ast_tables.c build/gen/prelude.c build/gen/unicode_tables.c ## generated sources only

$(BIN)/troupe: $(OBJECTS)
	@mkdir -p $(@D)
	$(SAY) LINK $@
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

# What the unit tests take what they need from.
$(OBJ)/troupe.a: $(filter-out $(OBJ)/cli/main.o,$(OBJECTS))
	$(Q)rm -f $@ && ar rcs $@ $^

$(OBJ)/%.o: src/%.c | gen
	@mkdir -p $(@D)
	$(SAY) CC $<
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(OBJ)/gen/%.o: build/gen/%.c | gen
	@mkdir -p $(@D)
	$(SAY) CC $<
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# ---- what is generated ----

# Packages from apt and npm. The stamp is newer than what tools/deps looks at, or tools/deps runs again.
build/deps.stamp: tools/deps package.json package-lock.json
	@mkdir -p build
	tools/deps
	@touch $@

PRISM := node_modules/@ruby/prism/src
build/gen/ast_nodes.h build/gen/ast_tables.c &: tools/gen_ast.mjs build/deps.stamp
	@mkdir -p build/gen
	node tools/gen_ast.mjs $(PRISM) build/gen

build/gen/unicode_tables.c: tools/gen_unicode.mjs build/deps.stamp
	@mkdir -p build/gen
	node tools/gen_unicode.mjs $@

build/gen/prelude.c: Makefile tools/gen_prelude.mjs $(PRELUDE) build/deps.stamp
	@mkdir -p build/gen
	node tools/gen_prelude.mjs $(PRISM) $@ $(PRELUDE)

# The parser: WebAssembly to C. Bounds are checked in software, because Troupe owns SIGSEGV; functions nobody calls
# (the module exports all of its libc) are dropped by the linker. Always optimised: it is not what we debug.
# Instructions are labels of one function: what is hoisted out of one costs a register in all.
$(OBJ)/vm/interp.o: CFLAGS += $(if $(findstring clang,$(CC)),,-fno-gcse)

# The prologue of functions is ours (wasm-rt.h), and every import answers ENOSYS: the parser has nothing to ask for.
build/prism/prism.c build/prism/prism.h build/prism/wasi.c &: build/deps.stamp
	@mkdir -p build/prism
	wasm2c $(PRISM)/prism.wasm -n prism -o build/prism/raw.c
	sed -e 's/raw\.h/prism.h/' build/prism/raw.h > build/prism/prism.h
	grep -q '^#define FUNC_PROLOGUE$$' build/prism/raw.c && grep -q 'w2c_i0 = instance->w2c_g0;' build/prism/raw.c
	sed -e '/^#define FUNC_PROLOGUE$$/d' -e 's/"raw\.h"/"prism.h"/' build/prism/raw.c > build/prism/prism.c
	(echo '#include "prism.h"'; \
	 sed -n -e 's/^\(u32 Z_wasi[^;]*\);/\1 { return 52; }/p' \
	        -e 's/^\(void Z_wasi[^;]*\);/\1 { wasm_rt_trap(WASM_RT_TRAP_UNREACHABLE); }/p' build/prism/raw.h) \
	    > build/prism/wasi.c
	rm build/prism/raw.c build/prism/raw.h

$(OBJ)/prism/%.o: build/prism/%.c src/syntax/wasm/wasm-rt.h
	@mkdir -p $(@D)
	$(SAY) CC $<
	$(Q)$(CC) -std=gnu11 -O2 -w -fno-strict-aliasing -fwrapv -ffunction-sections -Isrc/syntax/wasm \
	    -c -o $@ $<

$(OBJ)/syntax/wasm/sandbox.o: CPPFLAGS += -Isrc/syntax/wasm -Ibuild/prism
$(OBJ)/syntax/wasm/sandbox.o: build/prism/prism.h

# ---- tests ----

$(BIN)/test/%: src/%.c $(OBJ)/troupe.a
	@mkdir -p $(@D)
	$(SAY) LINK $@
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -MMD -MP -MF $@.d -o $@ $(filter %.c %.a,$^) $(LDLIBS)

unit: $(TEST_BINS) ## build the C unit tests

test: all unit ## everything that must pass
	tools/run_tests $(BIN)

test-asan: ## the same under AddressSanitizer and UndefinedBehaviorSanitizer
	$(MAKE) CONFIG=asan test

TSAN_SPECS := $(addprefix core/,$(addsuffix _test.rb,ractor thread mutex queue fiber signal))
test-tsan: ## the scheduler's and the Ractors' tests under ThreadSanitizer
	$(MAKE) CONFIG=tsan all unit
	tools/run_tests build/tsan sched ractor $(TSAN_SPECS)

test-gc: all unit ## a sample with a collection at every allocation
	TROUPE_GC_STRESS=1 TROUPE_GC_VERIFY=1 tools/run_tests $(BIN) sample

SOAK_SECONDS ?= 300
soak: all ## random raise, kill, locks, queues and timeouts among 200 threads; SOAK_SECONDS=300, SOAK_SEED, CONFIG=asan|tsan
	$(BIN)/troupe test/stress/threads.rb $(SOAK_SECONDS) $(SOAK_SEED)

SEEDS ?= 1000
test-seeds: all ## a program of threads and Ractors in SEEDS=1000 schedules that can be had again
	tools/test_seeds $(BIN)/troupe $(SEEDS)

lint: gen ## effects (clang), layers, headers that compile alone
	tools/lint_layers
	tools/lint_headers
	tools/lint_effects

bench: all ## the benchmarks of bench/
	bench/run $(BIN)/troupe

demo: all ## the main job: a pool of Ractors and a pipeline, against one Ractor
	tools/demo $(BIN)/troupe

# ---- fuzzing (clang) ----

FUZZ_SECONDS ?= 60
fuzz-ast: build/fuzz/ast ## arbitrary bytes into the tree's loader; FUZZ_SECONDS=60
	@mkdir -p build/fuzz/ast-corpus
	build/fuzz/ast -max_total_time=$(FUZZ_SECONDS) -timeout=10 build/fuzz/ast-corpus test/fuzz/ast

build/fuzz/ast: test/fuzz/ast_fuzz.c $(filter-out %_test.c src/syntax/parse.c,$(wildcard src/syntax/*.c)) \
                src/base/bigstack.c build/gen/ast_tables.c
	@mkdir -p $(@D)
	clang $(CPPFLAGS) $(BASE) -O1 -DTR_FUZZ -fsanitize=fuzzer,address,undefined -o $@ $^

fuzz-parcel: ## arbitrary bytes as a message between Ractors; FUZZ_SECONDS=60
	@mkdir -p build/fuzz/parcel-corpus
	$(MAKE) CONFIG=fuzz CC="$(FUZZ_CC)" build/fuzz/parcel
	ASAN_OPTIONS=detect_leaks=0 build/fuzz/parcel -max_total_time=$(FUZZ_SECONDS) -timeout=10 -rss_limit_mb=4096 build/fuzz/parcel-corpus test/fuzz/parcel

FUZZ_CC := $(if $(shell command -v ccache 2>/dev/null),ccache clang,clang)
build/fuzz/parcel: test/fuzz/parcel_fuzz.c $(OBJ)/troupe.a
	@mkdir -p $(@D)
	clang $(CPPFLAGS) $(BASE) -O1 -fsanitize=fuzzer,address,undefined -o $@ $^ $(LDLIBS)

# The seeds are committed; this makes them anew, for another version of the parser.
fuzz-seeds: $(OBJ)/troupe.a | gen ## test/fuzz/ast/ from ast_seeds.rb
	@mkdir -p build/fuzz
	$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -o build/fuzz/ast_seeds test/fuzz/ast_seeds.c $^ $(LDLIBS)
	build/fuzz/ast_seeds test/fuzz/ast < test/fuzz/ast_seeds.rb

# ---- installation ----

PREFIX ?= /usr/local
install: all ## PREFIX=/usr/local: the command and the libraries that `require` finds
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib/troupe
	install -m 755 $(BIN)/troupe $(DESTDIR)$(PREFIX)/bin/troupe
	if [ -d lib ]; then cp -R lib/. $(DESTDIR)$(PREFIX)/lib/troupe/; fi
	if [ -f include/troupe.h ]; then install -D -m 644 include/troupe.h $(DESTDIR)$(PREFIX)/include/troupe.h; fi

clean: ## all that was built; node_modules stays
	rm -rf build

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1\t\2/p' $(MAKEFILE_LIST) | expand -t 14

-include $(OBJECTS:.o=.d) $(TEST_BINS:=.d)
