# Thin on purpose: every target is a line or two you could type.

GO     ?= go
PREFIX ?= /usr/local
# FUZZ chooses fuzz targets by regular expression, TIME is for each of them.
FUZZ   ?= .
TIME   ?= 10s
# ROUNDS is for each test of faults, SOAK chooses among them.
ROUNDS ?= 300
SOAK   ?= ^Test(KilledAt|ResumeOfWhat|FullDisk|FewDescriptors|FewProcesses|LittleMemory|Reader|BadWebhooks|SecondEngine|Suspended|Floods|FiveHundred|HundredThousand)

SHELL       := bash
.SHELLFLAGS := -o pipefail -c

VERSION = $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)
# The race detector needs cgo, and so a C compiler with its headers.
RACE    = $(shell CGO_ENABLED=1 $(GO) build -race runtime/cgo 2>/dev/null && echo -race)
GOFMT   = $(shell $(GO) env GOROOT)/bin/gofmt
SYSTEMS = linux/amd64 linux/arm64 darwin/amd64 darwin/arm64

.PHONY: all
all: build test lint

.PHONY: help
help: ## list the targets
	@sed -nE 's/^([a-z]+):.*## (.*)/make \1\t\2/p' Makefile | expand -t 15

.PHONY: build
build: ## bin/runbook: one static binary
	CGO_ENABLED=0 $(GO) build -trimpath -buildvcs=false -ldflags '-X main.version=$(VERSION)' -o bin/runbook ./cmd/runbook

.PHONY: install
install: build ## install the binary to $(DESTDIR)$(PREFIX)/bin
	install -d '$(DESTDIR)$(PREFIX)/bin'
	install -m 755 bin/runbook '$(DESTDIR)$(PREFIX)/bin/runbook'

.PHONY: test
test: ## all tests, in random order, with the race detector if there is a C compiler
	$(if $(RACE),,@echo 'make test: no C compiler with headers (gcc and libc6-dev): the race detector is off')
	$(GO) test $(RACE) -shuffle=on -timeout 20m -json ./... | $(GO) run ./cmd/testlog

.PHONY: soak
soak: ## faults for hours: ROUNDS=300 kills and so on, floods of 10 GiB, 100,000 steps, 300,000 random runs; SEED=N replays one round
	$(GO) test $(RACE) -tags soak -count=1 -timeout 12h -v -run '$(SOAK)' ./cmd/runbook -soak -rounds $(ROUNDS) $(if $(SEED),-seed $(SEED))
	$(GO) test -tags soak -count=1 -timeout 1h -v -run '^TestWhole' ./executor/journal
	$(GO) test -count=1 -timeout 12h -v -run '^Test(Oracle|Fold|Kill|Edit)' ./executor/internal/run -rapid.seed=0 -rapid.checks=$$(($(ROUNDS) * 1000))

.PHONY: lint
lint: ## format, vet, staticcheck, import rules, modules, and a build for every system
	@echo '$(GOFMT) -l .'; ! $(GOFMT) -l . | grep .
	$(GO) vet ./...
	GOOS=darwin GOARCH=arm64 $(GO) vet ./...
	$(GO) tool staticcheck ./...
	$(GO) run ./cmd/layers
	$(GO) mod tidy -diff
	$(GO) mod verify
	for s in $(SYSTEMS); do echo "go build for $$s"; GOOS=$${s%/*} GOARCH=$${s#*/} CGO_ENABLED=0 $(GO) build ./... || exit 1; done

.PHONY: fuzz
fuzz: ## run each fuzz target for TIME=10s; FUZZ=Parse chooses some of them
	@grep -rE '^func Fuzz' --include='*_test.go' . | sed -E 's|^(.*)/[^/]*:func (\w+).*|\1 \2|' | grep -E '$(FUZZ)' | \
	while read -r dir name; do echo "$$name in $$dir"; $(GO) test -run '^$$' -fuzz "^$$name$$" -fuzztime $(TIME) "$$dir" || exit 1; done

.PHONY: bench
bench: ## measure: one table of ratios
	$(GO) run ./cmd/bench

.PHONY: golden
golden: ## write the golden files and generated pages anew; read the diff before you commit it
	$(GO) test $$(grep -rl --include='*_test.go' 'flag.Bool("update"' . | xargs -n1 dirname | sort -u) -update

.PHONY: docs
docs: ## write the generated pages of docs/ anew
	$(GO) test ./docs -update

.PHONY: examples
examples: ## really run every example
	$(GO) test -count=1 ./examples/...

.PHONY: clean
clean: ## remove what make made
	rm -rf bin
