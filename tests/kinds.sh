# shellcheck shell=bash
# shellcheck disable=SC2154 # kind, name, test, cluster and logs are the caller's
# Sourced by tests/run: which tests there are, and how one of each kind is run.

# The order of the kinds when nothing is known of their times; others follow.
order=(unit pgrx upgrade roundtrip clients crash security regress docs pooling)

# tests_of [KIND[/NAME]…]: prints one test a line, of all kinds where none is named.
tests_of() {
    local wanted folder kind kinds=("${order[@]}" isolation)
    for folder in tests/*/; do
        folder=$(basename "$folder")
        [[ " pg_regress ${kinds[*]} " == *" $folder "* ]] || kinds+=("$folder")
    done
    (($#)) || set -- "${kinds[@]}"
    for wanted; do
        kind=${wanted%%/*}
        [[ " ${kinds[*]} " == *" $kind "* ]] || die "unknown kind $kind: ${kinds[*]}"
        case $kind in
        unit | pgrx | regress | isolation) echo "$wanted" ;;
        *) programs_of "$wanted" ;;
        esac
    done
}

programs_of() {
    local program any='' found=("tests/$1/run")
    [[ $1 != */* ]] || found=("tests/$1"*)
    [[ -x ${found[0]} ]] || found=("tests/$1"/test_*)
    for program in "${found[@]}"; do
        if [[ -f $program && -x $program ]]; then echo "${program#tests/}" && any=1; fi
    done
    [[ -n $any ]] || die "no test tests/$1"
}

# watch NAME FILTER CMD…: runs CMD, whose output FILTER turns into result lines. It must print
# at least one, and a bad exit must be explained by one. The log is shown if anything failed.
watch() {
    local name=$1 filter=$2 log=$logs/${1//\//-}.log failed=0 lines=0 status=0 line
    shift 2
    while IFS= read -r line; do
        case $line in
        '@exit '*) status=${line#@exit } ;;
        'ok '* | 'SKIP '*) lines=$((lines + 1)) && echo "$line" ;;
        'not ok '*) failed=$((failed + 1)) && echo "$line" ;;
        esac
    done < <({ "$@" 2>&1 && printf '\n@exit 0\n' || printf '\n@exit %s\n' $?; } </dev/null | tee "$log" | "$filter")
    if ((failed == 0 && status != 0)); then failed=1 && echo "not ok $name: exit $status"; fi
    if ((failed == 0 && lines == 0)); then failed=1 && echo "not ok $name: no results"; fi
    sed -i '/^@exit/d' "$log"
    if ((failed)); then echo "@log $log"; fi
}

as_is() { cat; }
of_cargo() {
    sed -uE -e 's/ - should panic / /' -e "s/^test (.*) \.\.\. ok$/ok $1 \1/" -e "s/^test (.*) \.\.\. FAILED$/not ok $1 \1/" \
        -e "s/^test (.*) \.\.\. ignored,? ?(.*)$/SKIP $1 \1: \2/"
}
of_unit() { of_cargo unit; }
of_regress() { sed -uE "s/^(ok|not ok) [0-9]+ +[-+] ([^ ]+) +([0-9]+ ms)$/\1 ${kind} \2 (\3)/"; }
# The other tests are counted by the kind unit.
of_pgrx() {
    of_cargo pgrx | sed -uE '/^(ok|SKIP) /{/::pg_/!d}; s/^test result: ok\. ([0-9]+) passed.*/ok pgrx test (\1 with the unit tests)/'
}
of_pgrx_regress() { sed -uE -e 's/\x1b\[[0-9;]*m//g' -e 's/^PASS +([^ ]+).*/ok pgrx regress \1/' -e 's/^FAIL +([^ ]+).*/not ok pgrx regress \1/'; }

# What a kind needs of its server beside the defaults.
start_cluster() { # start_cluster NAME [OPTION…]
    local connection
    "$ROOT/scripts/cluster" start "$@" && connection=$("$ROOT/scripts/cluster" env "$1") && eval "$connection"
}
end_cluster() {
    if grep -nE 'terminated by signal|PANIC' "$RUN/$1/log" >"$logs/$1.log"; then
        echo "not ok server log: a server process died"
        echo "@log $logs/$1.log"
    fi
    "$ROOT/scripts/cluster" stop "$1"
}

# fresh_database NAME [empty]: false, and a failed test, if it cannot be made
fresh_database() {
    { dropdb --if-exists --force "$1" 2>/dev/null && createdb "$1"; } || { echo "not ok $kind: createdb failed" && return 1; }
    [[ ${2:-} != empty ]] || return 0
    psql -Xqd "$1" -v ON_ERROR_STOP=1 -c 'SET client_min_messages = warning' -c 'CREATE EXTENSION llmspell CASCADE' ||
        { echo "not ok $kind: CREATE EXTENSION failed" && return 1; }
}

# paired FOLDER EXTENSION: a test and its expected output come together.
paired() {
    local file base
    for file in "tests/$1"/*."$2"; do
        base=$(basename "$file" ".$2")
        [[ -e tests/${1%/*}/expected/$base.out ]] && continue
        echo "not ok $kind $base: no expected output, an empty one was made"
        : >"tests/${1%/*}/expected/$base.out"
    done
}

run_test() { # run_test: the test $kind, $name
    case $kind in
    unit | pgrx | regress | isolation) "run_$kind" ;;
    vchord) run_vchord ;;
    *) run_program ;;
    esac
}

# With the features of `cargo pgrx test`, so that both are compiled once.
# The tests of #[pg_test] are named pg_…, and need the server of the kind pgrx.
run_unit() { watch unit of_unit cargo test --lib --release --no-default-features --features 'pg18 pg_test' -- --skip ::pg_; }

run_pgrx() {
    [[ ${name:-regress} != regress ]] || watch pgrx-regress of_pgrx_regress "$ROOT/scripts/pgrx" regress
    [[ ${name:-test} != test ]] || watch pgrx of_pgrx "$ROOT/scripts/pgrx" test
}

pg_regress() { # pg_regress PROGRAM FOLDER ARG…
    local program=$1 folder=$2 database=llmspell_$kind
    shift 2
    watch "$kind" of_regress "$(dirname "$("$PG_CONFIG" --pgxs)")/../test/$program" --use-existing --dbname="$database" \
        --host="$PGHOST" --port="$PGPORT" --user="$PGUSER" --bindir="$PGBIN" \
        --inputdir="$folder" --expecteddir="$folder" --outputdir="$BUILD/$kind" "$@"
    [[ ! -s $BUILD/$kind/regression.diffs ]] || echo "@log $BUILD/$kind/regression.diffs"
}

# In another order each time, since no file may need or disturb another one; REGRESS_SEED=… repeats an order.
run_regress() {
    exec 7>"$BUILD/regress.lock" && flock 7 # two named files have one folder for their results
    # shellcheck disable=SC2206 # a pattern
    local seed=${REGRESS_SEED:-$RANDOM} found=(tests/pg_regress/sql/${name:-*}.sql) file
    [[ -e ${found[0]} ]] || { echo "not ok regress $name: no such file" && return; }
    paired pg_regress/sql sql
    for file in "${found[@]}"; do
        # shellcheck disable=SC2016 # the line as it is written
        sed -n 2p "$file" | grep -qxF '\i `echo $PG_ABS_SRCDIR/begin.psql`' ||
            echo "not ok regress $(basename "$file" .sql): its second line does not run begin.psql"
    done
    mapfile -t found < <(printf '%s\n' "${found[@]##*/}" | shuf --random-source=<(yes "$seed"))
    say "tests: regress: REGRESS_SEED=$seed"
    fresh_database llmspell_regress empty || return 0
    # As in `cargo pgrx regress`, so that one expected output serves both.
    printf '#!/bin/sh\nexec "$@" -v VERBOSITY=terse\n' >"$RUN/terse"
    chmod +x "$RUN/terse"
    PGOPTIONS='-c client_min_messages=warning' pg_regress regress/pg_regress tests/pg_regress \
        --launcher="$RUN/terse" "${found[@]%.sql}"
}

run_isolation() {
    exec 7>"$BUILD/isolation.lock" && flock 7
    # shellcheck disable=SC2206 # a pattern
    local specs=(tests/isolation/specs/${name:-*}.spec)
    [[ -e ${specs[0]} ]] || { echo "not ok isolation $name: no such file" && return; }
    paired isolation/specs spec
    fresh_database llmspell_isolation || return 0
    specs=("${specs[@]##*/}")
    pg_regress isolation/pg_isolation_regress tests/isolation "${specs[@]%.spec}"
}

run_program() { # a program of a folder, with a database of its own
    if [[ $kind == pooling ]] && ! (need pgbouncer pgbouncer); then
        echo "SKIP pooling: pgbouncer is missing"
        return
    fi
    local path=$PATH setup why status=0
    if [[ $kind == frameworks ]]; then
        for setup in frameworks-setup frameworks-node-setup; do
            [[ $setup != *node* || $name == test_node* ]] || continue
            why=$("$ROOT/scripts/$setup" 2>&1) || status=$?
            case $status in
            0) path=$BUILD/frameworks/bin:$PATH ;;
            1) echo "SKIP $test: $(tail -n 1 <<<"$why")" && return ;;
            *) echo "not ok $test: $(tail -n 1 <<<"$why")" && return ;;
            esac
        done
    fi
    [[ $kind != drivers ]] || "$ROOT/scripts/drivers-setup"
    fresh_database "llmspell_$kind" || return 0
    PATH=$path PGDATABASE=llmspell_$kind watch "$test" as_is timeout --foreground "${TEST_TIMEOUT:-1800}" "tests/$test"
}

# On a server that has the library preloaded, where there is one.
run_vchord() {
    if [[ ! -e $("$PG_CONFIG" --pkglibdir)/vchord.so ]]; then
        run_program
        return
    fi
    start_cluster "$cluster-vchord" -c shared_preload_libraries=vchord
    run_program
    end_cluster "$cluster-vchord"
}
