/** Prints each spec on a line as it ends, below its suites' names. */
function SpecsReporter(baseReporterDecorator) {
  baseReporterDecorator(this);
  let suites = '';

  this.onSpecComplete = (browser, { suite, description, success, skipped, time, log }) => {
    const name = suite.join(' > ');
    if (name !== suites) {
      suites = name;
      this.write(`  ${name}\n`);
    }
    const mark = skipped ? '-' : success ? '✔' : '✘';
    this.write(`    ${mark} ${description} (${time} ms)\n`);
    for (const message of log) {
      this.write(`      ${message}\n`);
    }
  };

  this.onBrowserError = (browser, error) => {
    this.write(`  ${browser}: ${typeof error === 'string' ? error : JSON.stringify(error)}\n`);
  };
}
// Karma injects by these names.
SpecsReporter.$inject = ['baseReporterDecorator'];

/** A Karma plugin: the reporter `specs`. */
export const specsReporter = { 'reporter:specs': ['type', SpecsReporter] };
