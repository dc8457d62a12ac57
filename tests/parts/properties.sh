#!/usr/bin/env bash
# The property tests with many cases, optimised: CORDBOARD_PROPERTY_CASES per property, 100000 unless set.
export CORDBOARD_PROPERTY_CASES=${CORDBOARD_PROPERTY_CASES:-100000}
# A crate has properties when its tests ask for that number of cases.
packages=()
for folder in actors/core actors simulator observability .; do
    # The root package's files are src/ and tests/; the other crates live in folders beside them.
    where=("$folder/src" "$folder/tests")
    if git grep -q CORDBOARD_PROPERTY_CASES -- "${where[@]/%//*.rs}"; then
        packages+=(-p "$(sed -n 's/^name = "\(.*\)"/\1/p' "$folder/Cargo.toml" | head -1)")
    fi
done
if [[ ${#packages[@]} -eq 0 ]]; then
    echo "skipped: no crate's tests read CORDBOARD_PROPERTY_CASES"
    exit 77
fi
cargo test --release --locked "${packages[@]}"
echo "note: $CORDBOARD_PROPERTY_CASES cases per property in ${packages[*]//-p/}"
