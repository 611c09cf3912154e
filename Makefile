# make run    build everything and serve the page on this machine; make demo is the same on the terminal
# make test   everything CI checks; make test-go needs Go alone
GO ?= go
export CGO_ENABLED = 0

FUZZTIME ?= 10s
PLATFORMS = linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64

ADDR ?= 127.0.0.1:7717

.PHONY: run demo web npm wllama build test test-go test-browser test-firefox test-edge test-race lint cross fuzz bench bench-browser wasm wasm-check train-smoke clean

run: build
	@echo "open http://$(ADDR) in a browser; Ctrl-C ends the server"
	@bin/paw serve --addr $(ADDR)

demo: build
	@scripts/demo.sh bin/paw

# The page: Go module, worker, page and service worker into web/dist, which the binary embeds.
web:
	$(GO) run ./web/build

# The SDK as an npm package in build/npm.
npm: web
	@scripts/npm.sh

# The second engine, from npm, pinned by its digest: make wllama web puts it into the site.
wllama:
	cd web/wllama && npm ci

build: web
	$(GO) build -trimpath -o bin/paw ./cmd/paw

test: lint test-go cross wasm-check test-browser test-firefox test-edge train-smoke

test-go:
	$(GO) build ./...
	$(GO) vet ./...
	$(GO) test ./...

# A real Chromium ($CHROME, an installed one, or Debian's as root) against a real server.
test-browser: build
	@scripts/test-browser.sh

# The same in short, and every fault of a download, in a real Firefox ($FIREFOX, an installed one, or Debian's as root).
test-firefox: build
	@scripts/test-firefox.sh

# The worker in workerd (npm installs it) with R2 and KV, against a real server.
test-edge: build
	@scripts/test-edge.sh

test-race:
	CGO_ENABLED=1 $(GO) test -race -short ./...

lint:
	@test -z "$$(gofmt -l .)" || { gofmt -l .; echo "run gofmt -w on these"; exit 1; }
	$(GO) vet ./...
	$(GO) tool staticcheck ./...

# Builds and vets every platform we ship for.
cross:
	@for p in $(PLATFORMS); do \
	  echo "build and vet $$p"; \
	  GOOS=$${p%/*} GOARCH=$${p#*/} $(GO) build ./... && GOOS=$${p%/*} GOARCH=$${p#*/} $(GO) vet ./... || exit 1; \
	done
	@echo "vet js/wasm"; GOOS=js GOARCH=wasm $(GO) vet ./wasm ./edge/worker

# A few seconds of every fuzz target; FUZZTIME=1h for a release.
fuzz:
	@scripts/fuzz.sh $(FUZZTIME)

bench:
	$(GO) test -run '^$$' -bench . -benchtime 1s ./nn ./gguf ./tokenizer ./engine/...
	$(GO) run ./cmd/paw bench

# Our kernel, wllama and ONNX Runtime Web in Chromium, one run, on random GPT-2 124M models, written to build/
# with the results; BENCH="--starts 1 --calls 1 --steps 5" is a quick look.
bench-browser: build
	@scripts/bench-browser.sh $(BENCH)

# The kernel is committed; these rebuild it, or say when it differs from its source.
wasm:
	scripts/build-wasm.sh

wasm-check:
	@if command -v $${CLANG:-clang-19} >/dev/null && command -v wasm-opt >/dev/null; then scripts/build-wasm.sh --check; \
	else echo "clang-19 or wasm-opt is not installed: kernel.wasm is used as committed"; fi

# Trains a toy on train/sample with PyTorch (Debian: python3-torch), about half a minute.
train-smoke:
	@scripts/train-smoke.sh

clean:
	rm -rf bin build web/dist/assets web/dist/index.html* web/dist/sw.js* web/dist/assets.json*
