import { expect } from 'chai';
import { junitTotals } from '../../scripts/lib/junit.mjs';

/** What pytest writes of a suite, shortened. */
const suite = (numbers: string): string =>
  `<?xml version="1.0" encoding="utf-8"?><testsuites name="pytest tests"><testsuite name="pytest" ` +
  `${numbers} time="1.5" timestamp="2024-01-01T00:00:00"><testcase classname="a" name="tests=&quot;7&quot;" ` +
  `time="0.1" /></testsuite></testsuites>`;

describe('a JUnit report', () => {
  it('tells how many tests passed and failed, errors being failures', () => {
    const xml = suite('errors="1" failures="2" skipped="3" tests="10"');
    expect(junitTotals(xml)).to.deep.equal({ passed: 4, failed: 3 });
  });

  it('may hold several suites', () => {
    const xml = suite('tests="2" errors="0" failures="0" skipped="0"');
    expect(junitTotals(xml + xml)).to.deep.equal({ passed: 4, failed: 0 });
  });

  it('must tell its numbers', () => {
    expect(() => junitTotals('<testsuites/>')).to.throw('no test suite');
    expect(() => junitTotals(suite('errors="0" skipped="0" tests="1"'))).to.throw('failures');
  });
});
