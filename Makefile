# godwit's commands. `make` prints them.
GO      ?= go
BIN     := bin/godwit
KILLS   ?= 25
TIMEOUT ?= 75m

.PHONY: help
help: ## print this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: tools build ## move a real warehouse between two throw-away PostgreSQL servers, verify it, write the report
	$(GO) run ./examples/01_warehouse/demo -godwit $(CURDIR)/$(BIN)

.PHONY: demo-records
demo-records: tools build ## load records of five sources into one new model: what is wrong is named, mended, redriven
	$(GO) run ./examples/02_store/demo -godwit $(CURDIR)/$(BIN)

.PHONY: demo-rollout
demo-rollout: tools build ## move 25 old databases into a system in use, through its API; nothing twice, settings put back
	$(GO) run ./examples/03_rollout/demo -godwit $(CURDIR)/$(BIN)

.PHONY: test
test: tools ## all quick tests; with CI=true the slow ones too
	$(GO) vet ./...
	@if [ "$$CI" = true ]; then GODWIT_SLOW=1 GODWIT_MARIADB=must $(GO) test -timeout $(TIMEOUT) ./...; else $(GO) test -parallel 4 -timeout $(TIMEOUT) ./...; fi

.PHONY: build
build: ## build bin/godwit
	$(GO) build -trimpath -o $(BIN) ./cmd/godwit

.PHONY: torture
torture: tools ## kill -9 a copy, and deliveries by calls, KILLS times (25) and prove the target
	GODWIT_SLOW=1 GODWIT_KILLS=$(KILLS) $(GO) test -count=1 -v -timeout 4h -run 'TestTorture|TestCallsTorture' ./cmd/godwit

.PHONY: bench
bench: tools build ## godwit beside its peers, interleaved, with ratios
	$(GO) run ./bench -godwit $(CURDIR)/$(BIN)

.PHONY: tools
tools: ## find PostgreSQL (15 or newer) and MariaDB, or install them
	@sh rig/tools.sh mariadb

.PHONY: lint
lint: ## gofmt, vet and golangci-lint where it is installed
	@test -z "$$(gofmt -l . | tee /dev/stderr)"
	$(GO) vet ./...
	@if command -v golangci-lint >/dev/null; then golangci-lint run; else echo "golangci-lint is not installed: only gofmt and vet ran"; fi

.PHONY: generate
generate: ## write the files that are made from the code (schema, language tables)
	$(GO) test ./internal/control/flow -run Fresh -update

.PHONY: clean
clean: ## remove what was built and what a demo left
	rm -rf bin .demo bench/out
