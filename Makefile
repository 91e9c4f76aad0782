# make run    install what is missing, build, build the example skills, start the service on 127.0.0.1:8080
# make test   the same set-up, then every test
# make chat   talk to the running service: make chat WHO=admin GROUP=demo
# make bench  measure, see Benchmarks/
# make soak   a load with faults for long: make soak TIME=seconds
# make crash  the crash suite in full, where make test takes a part of it: some 25 minutes
# make fuzz   feed garbage to what reads strangers' files: make fuzz TIME=seconds of each
# make lint   check the formatting

SWIFT ?= swift
WHO ?= alice
GROUP ?= demo
TIME ?= 10

CRASHES = KillTests|TwoInstancesTests|EveryCallTests|PowerCutTests|TransitionTests

.PHONY: run test suites chat bench soak crash fuzz lint setup peers skills release clean

setup:
	@scripts/setup

# Without them the tests that need them are left out.
peers:
	-@scripts/setup-peers

skills: setup
	@$(MAKE) --no-print-directory -C Plugins

release: setup
	$(SWIFT) build -c release --product openclaw
	$(SWIFT) build -c release --product openclaw-runner

run: release skills
	@scripts/what-to-try
	@.build/release/openclaw serve

test: skills peers
	@scripts/setup --with-tests
	$(SWIFT) build --build-tests
	scripts/with-postgres $(MAKE) --no-print-directory suites

# Hundreds of tests at once would starve each other on two processors.
suites: export SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH = 8
# The end-to-end tests load the machine; apart from the others they disturb no deadline. Those under load go last.
suites:
	$(SWIFT) test --skip-build --skip EndToEnd
	$(SWIFT) test --skip-build --filter EndToEnd --skip 'FaultTests|SoakTests|$(CRASHES)'
	$(SWIFT) test --skip-build --filter 'FaultTests|SoakTests'
	$(SWIFT) test --skip-build --filter '$(CRASHES)'

chat:
	@.build/release/openclaw chat --as $(WHO) $(if $(GROUP),--group $(GROUP))

bench: release skills
	@$(MAKE) --no-print-directory -C Benchmarks

soak: release skills
	$(SWIFT) build --build-tests
	OPENCLAW_SOAK_SECONDS=$(TIME) OPENCLAW_BUILD=.build/release $(SWIFT) test --skip-build --filter SoakTests

crash: export OPENCLAW_CRASH_KILLS = 500
crash: export OPENCLAW_CRASH_STEP = 1
crash: export OPENCLAW_DATABASE_KILLS = 20
crash: export OPENCLAW_INSTANCE_KILLS = 50
crash: skills
	@scripts/setup --with-tests
	$(SWIFT) build --build-tests
	scripts/with-postgres $(SWIFT) test --skip-build --filter '$(CRASHES)'

fuzz: skills
	@$(MAKE) --no-print-directory -C Tests/Fuzz TIME=$(TIME)

lint:
	$(SWIFT) format lint --strict --recursive Package.swift Sources Plugins Tests Benchmarks

clean:
	rm -rf .build .peers Benchmarks/.build Tests/Fuzz/.build
	@$(MAKE) --no-print-directory -C Plugins clean
