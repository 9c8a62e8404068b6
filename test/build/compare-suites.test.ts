import { expect } from 'chai';
import { count, regressions } from '../../scripts/lib/compare-suites.mjs';

const spec = (name: string, status: string) => ({ name, status });

describe('the comparison of suites', () => {
  it('counts a name that specs share as passed only if all of them passed', () => {
    const results = [
      spec('a', 'passed'),
      spec('b', 'passed'),
      spec('b', 'failed'),
      spec('c', 'failed'),
      spec('c', 'passed'),
      spec('d', 'pending'),
    ];
    expect(count(results)).to.deep.equal({ names: 4, passed: 1 });
  });

  it('finds what passes on one of several references', () => {
    const references = [
      [spec('a', 'passed'), spec('b', 'failed'), spec('c', 'failed'), spec('d', 'passed')],
      [spec('a', 'failed'), spec('b', 'passed'), spec('c', 'failed'), spec('d', 'passed')],
    ];
    const results = ['a', 'b', 'c'].map((name) => spec(name, 'failed'));
    expect(regressions(references, [...results, spec('d', 'passed')])).to.deep.equal(['a', 'b']);
  });

  it('finds what passes on the reference alone', () => {
    const reference = ['same', 'lost', 'gone', 'pending'].map((name) => spec(name, 'passed'));
    const results = [
      spec('same', 'passed'),
      spec('lost', 'passed'),
      spec('lost', 'failed'),
      spec('pending', 'pending'),
      spec('new', 'passed'),
    ];
    expect(regressions([[...reference, spec('broken', 'failed')]], results)).to.deep.equal([
      'lost',
      'gone',
      'pending',
    ]);
  });
});
