/**
 * The specs that passed. A name that several specs share passed if all of them did.
 *
 * @param {{name: string, status: string}[]} results
 * @returns {Map<string, boolean>} whether it passed, for each distinct name
 */
export function passedByName(results) {
  const passed = new Map();
  for (const { name, status } of results) {
    passed.set(name, (passed.get(name) ?? true) && status === 'passed');
  }
  return passed;
}

/** The names that passed in any of the `references` and did not pass in `results`. */
export function regressions(references, results) {
  const passed = passedByName(results);
  const names = new Set();
  for (const reference of references) {
    for (const [name, inReference] of passedByName(reference)) {
      if (inReference && passed.get(name) !== true) names.add(name);
    }
  }
  return [...names];
}

/** How many distinct names there are in `results`, and how many of them passed. */
export function count(results) {
  const passed = [...passedByName(results).values()];
  return { names: passed.length, passed: passed.filter(Boolean).length };
}
