const { writeFileSync } = require('node:fs');
const { reporters, Runner } = require('mocha');
const { failureLine } = require('./failure-line.cjs');

/**
 * Mocha's spec reporter, which also leaves the totals, and the names of what failed, as JSON in the
 * file named by TOTALS_FILE.
 */
module.exports = class TotalsReporter extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    const names = [];
    runner.on(Runner.constants.EVENT_TEST_FAIL, (test, { message }) =>
      names.push(failureLine(test.fullTitle(), message)),
    );
    runner.once(Runner.constants.EVENT_RUN_END, () => {
      const { passes, failures } = this.stats;
      const totals = { passed: passes, failed: failures, failures: names };
      writeFileSync(process.env.TOTALS_FILE, JSON.stringify(totals));
    });
  }
};
