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

/** The names in `results` that passed in `reference` and did not pass there. */
export function regressions(reference, results) {
  const passed = passedByName(results);
  return [...passedByName(reference)]
    .filter(([name, inReference]) => inReference && passed.get(name) !== true)
    .map(([name]) => name);
}

/** How many distinct names there are in `results`, and how many of them passed. */
export function count(results) {
  const passed = [...passedByName(results).values()];
  return { names: passed.length, passed: passed.filter(Boolean).length };
}
