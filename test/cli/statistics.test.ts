import { expect } from 'chai';
import { contest } from '../../cli/src/contest.js';
import {
  fitLine,
  geometricMean,
  largestDifference,
  pairedRatios,
  quantile,
  spread,
} from '../../cli/src/statistics.js';

describe('statistics', () => {
  it('interpolates quantiles between neighbours, whatever the order', () => {
    expect(quantile([3, 1, 2, 4], 0.5)).to.equal(2.5);
    expect(quantile([10, 0], 0.25)).to.equal(2.5);
    expect(quantile([7], 0.75)).to.equal(7);
    expect(() => quantile([], 0.5)).to.throw(RangeError);
  });

  it('gives the median, the quartiles and the number of runs', () => {
    expect(spread([5, 1, 4, 2, 3])).to.deep.equal({ median: 3, lower: 2, upper: 4, runs: 5 });
  });

  it('pairs the runs of one round', () => {
    expect(pairedRatios([10, 20, 30], [5, 5])).to.deep.equal([2, 4]);
    expect(pairedRatios([10], [5, 5])).to.deep.equal([2]);
  });

  it('takes the geometric mean', () => {
    expect(geometricMean([1, 4])).to.be.closeTo(2, 1e-12);
  });

  it('fits a line', () => {
    const fit = fitLine([0, 1, 2], [1, 3, 5]);
    expect(fit.slope).to.be.closeTo(2, 1e-12);
    expect(fit.intercept).to.be.closeTo(1, 1e-12);
    expect(fit.r2).to.be.closeTo(1, 1e-12);
  });

  it('relates a difference to the largest value, and sees NaN and missing values', () => {
    expect(largestDifference([1, -4.4], [1, -4])).to.be.closeTo(0.1, 1e-12);
    expect(largestDifference([0, 0], [0, 0])).to.equal(0);
    expect(largestDifference([1, NaN], [1, 2])).to.be.NaN;
    expect(largestDifference([1], [1, 2])).to.be.NaN;
    expect(largestDifference([1], [0])).to.equal(Infinity);
  });
});

describe('contest', () => {
  it('warms up, then runs in turns, once untimed and once timed, who begins moving on', async () => {
    const order: string[] = [];
    const contestant = (name: string, runs: number) => ({
      name,
      warmup: 1,
      runs,
      run: () => {
        order.push(name);
        return Promise.resolve();
      },
    });
    const heard: string[] = [];
    const times = await contest([contestant('a', 3), contestant('b', 1)], (done, total) => {
      heard.push(`${done}/${total}`);
    });
    expect(order.join('')).to.equal('abaabbaaaa');
    expect(times.get('a')).to.have.length(3);
    expect(times.get('b')).to.have.length(1);
    expect(heard[heard.length - 1]).to.equal('6/6');
  });

  it('warms up for a time, too, and hears of the runs that were planned alone', async () => {
    let runs = 0;
    const heard: string[] = [];
    const run = () => {
      runs++;
      return Promise.resolve();
    };
    const contestant = { name: 'a', warmup: 1, warmupTime: 30, runs: 2, run };
    const times = await contest([contestant], (done, total) => {
      heard.push(`${done}/${total}`);
    });
    expect(runs).to.be.above(3);
    expect(times.get('a')).to.have.length(2);
    expect(heard).to.deep.equal(['1/3', '2/3', '3/3']);
  });
});
