/**
 * Counts the tests of a report in JUnit's XML format, as pytest writes it; those that were skipped are
 * not counted.
 *
 * @param {string} xml the report
 * @returns {{passed: number, failed: number}}
 * @throws {Error} if it holds no suite, or a suite that does not tell its numbers
 */
export function junitTotals(xml) {
  const suites = [...xml.matchAll(/<testsuite\s([^>]*)>/g)];
  if (suites.length === 0) {
    throw new Error('the report holds no test suite');
  }
  const sum = (attribute) =>
    suites.reduce((total, [, attributes]) => {
      const match = new RegExp(`(?:^|\\s)${attribute}="(\\d+)"`).exec(attributes);
      if (!match) {
        throw new Error(`the report does not tell its number of ${attribute}`);
      }
      return total + Number(match[1]);
    }, 0);
  const failed = sum('failures') + sum('errors');
  return { passed: sum('tests') - failed - sum('skipped'), failed };
}
