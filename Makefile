# Each target creates what it misses, and says what it does.
#   make demo     run a notebook on real Spark, on this machine
#   make test     run all tests
#   make lab      open JupyterLab with the kernels
#   make parity   a hundred everyday cells, here and in ipykernel
#   make soak     ten thousand kernels with faults chosen by seeds
#   make bench    start-up time and memory, beside ipykernel; what cells take, beside sparkmagic
#   make install  install the kernels for this person
#   make conformance  ask livy-local, or the Livy at LIVY_TEST_URL, what a real Livy was asked

PYTHON ?= python3
CARGO ?= cargo
VENV := $(CURDIR)/.venv
SPARKMAGIC := $(CURDIR)/.venv-sparkmagic
PIP := $(VENV)/bin/python -m pip --quiet --disable-pip-version-check
RELEASE := target/release/livy-kernel

.PHONY: demo test lint test-rust test-python conformance soak parity lab bench install kernels cargo clean
.DELETE_ON_ERROR:

demo: kernels
	@echo "== running tests/notebooks/tour.ipynb on Spark"
	@$(VENV)/bin/python tests/python/demo.py tests/notebooks/tour.ipynb

# Tests start many a Spark, each for a few cells.
QUICK := -XX:TieredStopAtLevel=1 -XX:+UseSerialGC
JVM = $(QUICK)$(shell test -s $(VENV)/spark.jsa && echo ' -XX:SharedArchiveFile=$(VENV)/spark.jsa')

test: lint test-rust test-python
	@echo "== all tests passed"

lint: | cargo
	@echo "== checking format and lints"
	@$(CARGO) fmt --all --check
	@$(CARGO) clippy --workspace --all-targets --locked --quiet -- -D warnings

# Most of these tests wait rather than work.
test-rust: $(VENV)/spark.jsa | cargo
	@echo "== Rust tests, Spark's among them"
	@RUST_TEST_THREADS=8 SPARK_SUBMIT_OPTS="$(JVM)" LIVY_LOCAL_TEST_PYTHON=$(VENV)/bin/python $(CARGO) test --workspace --locked

# Two at once, each with a Livy of its own; whoever names one server has them in a row.
AT_ONCE = $(if $(LIVY_TEST_URL),0,2)

test-python: $(VENV)/.clients $(VENV)/spark.jsa | cargo
	@echo "== Jupyter's own clients against the kernel on Spark"
	@$(CARGO) build --locked --quiet
	@SPARK_SUBMIT_OPTS="$(JVM)" $(VENV)/bin/python -m pytest tests/python --numprocesses $(AT_ONCE) --dist loadfile --kernel target/debug/livy-kernel

conformance: $(VENV)/.ready | cargo
	@echo "== what a real Livy answered, asked again"
	@$(CARGO) build --locked --quiet -p livy-kernel
	@PYTHONPATH=tests $(VENV)/bin/python -m conformance $(ONLY)

# A seed that failed is run alone by LIVY_SOAK_SEED=17 make soak.
soak: | cargo
	@echo "== kernels with faults: the network, Livy and the kernel itself fail"
	@LIVY_SOAK=$(or $(LIVY_SOAK),10000) $(CARGO) test --locked --quiet -p livy-kernel --test soak -- --nocapture

parity: kernels $(VENV)/.clients
	@echo "== a hundred everyday cells in livy-pyspark and in ipykernel"
	@PATH=$(VENV)/bin:$$PATH PYTHONPATH=tests LIVY_LOCAL_PYTHON=$(VENV)/bin/python $(VENV)/bin/python -m parity

lab: kernels $(VENV)/.lab
	@echo "== JupyterLab, with kernels for PySpark, Scala, R and SQL over Livy"
	@$(VENV)/bin/jupyter lab --notebook-dir tests/notebooks

bench: kernels $(SPARKMAGIC)/.tried
	@$(VENV)/bin/python tests/python/bench.py $(RELEASE)
	@JUPYTER_PATH=$(VENV)/share/jupyter $(VENV)/bin/python tests/python/bench_cells.py $(RELEASE) $(SPARKMAGIC)/bin/python

# Without Kerberos' headers it cannot be had, and the benchmark goes without.
$(SPARKMAGIC)/.tried: tests/python/requirements-sparkmagic.txt
	@echo "== adding sparkmagic to .venv-sparkmagic"
	@$(PYTHON) -m venv $(SPARKMAGIC)
	@$(SPARKMAGIC)/bin/python -m pip --quiet --disable-pip-version-check install -r $< \
		|| echo "sparkmagic could not be installed: it wants krb5-config (Debian: libkrb5-dev) and a C compiler"
	@touch $@

install: | cargo
	@$(CARGO) install --locked --path kernel/bridge
	@livy-kernel install --user

# The kernels in .venv, where its Jupyter finds them and they find its Spark.
kernels: $(VENV)/.ready | cargo
	@echo "== building the kernel"
	@$(CARGO) build --release --locked --quiet -p livy-kernel
	@$(RELEASE) install --prefix $(VENV) > /dev/null

$(VENV)/.ready: tests/python/requirements.txt
	@command -v $(PYTHON) > /dev/null || { echo "make: Python 3.10 or newer is needed; set PYTHON to it"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { echo "make: $$($(PYTHON) --version) is too old; set PYTHON to 3.10 or newer"; exit 1; }
	@echo "== creating .venv with Jupyter, Spark and Java (some 400 MB, once)"
	@$(PYTHON) -m venv $(VENV) || { echo "make: $(PYTHON) cannot make a virtual environment (Debian: install python3-venv)"; exit 1; }
	@$(PIP) install -r $<
	@touch $@

# Without it a Java starts as well, but slower.
$(VENV)/spark.jsa: tests/python/archive.py $(VENV)/.ready
	@echo "== keeping Spark's classes where tests' Javas find them"
	@rm -f $@
	@SPARK_SUBMIT_OPTS="$(QUICK)" $(VENV)/bin/python tests/python/archive.py $@ 2> $(VENV)/archive.log || echo "they could not be kept, so tests take longer; why is in .venv/archive.log"
	@touch $@

$(VENV)/.lab: tests/python/requirements-lab.txt $(VENV)/.ready
	@echo "== adding JupyterLab to .venv"
	@$(PIP) install -r $<
	@touch $@

$(VENV)/.clients: tests/python/requirements-clients.txt tests/python/requirements-aws.txt $(VENV)/.lab
	@echo "== adding papermill, a console, Playwright and matplotlib to .venv"
	@$(PIP) install -r $<
	@$(PIP) install --no-deps -r tests/python/requirements-aws.txt
	@touch $@

cargo:
	@command -v $(CARGO) > /dev/null || { echo "make: a Rust toolchain is needed (cargo, see rustup.rs)"; exit 1; }

clean:
	rm -rf target .venv artefacts
